// `apus build`: the image, and where it is.

import Foundation
import XenRig

struct BuildCommand: Equatable {
    let program: String
    let package: String?

    init(_ words: some Sequence<String>) throws(UsageError) {
        let parsed = try Arguments(words, valued: ["--package"])
        program = try parsed.only("the program's name")
        package = parsed.values["--package"]
    }

    func run() async throws(RigError) -> ExitCode {
        let image = try await Program.image(program, package: package)
        Terminal.clear()
        printBytes(Data("\(image.file.path)\n".utf8))
        return .success
    }
}
