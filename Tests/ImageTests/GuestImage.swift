// Where the audited image comes from: a release build of the smallest example, made here, or
// the file that APUS_TEST_IMAGE names.

import Foundation
import Toolchain

enum GuestImage {
    struct NotBuilt: Error, CustomStringConvertible {
        let description: String
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// An unstripped guest image.
    static func built(with toolchain: Toolchain) throws -> URL {
        if let path = ProcessInfo.processInfo.environment["APUS_TEST_IMAGE"] {
            return URL(fileURLWithPath: path)
        }
        let example = root.appendingPathComponent("Examples/Hello").path
        // A place of its own: the build that runs this test holds the lock of the usual one.
        let scratch = root.appendingPathComponent(".build-audit")
        let outcome = try toolchain.command(
            "swift",
            [
                "build", "--configuration", "release", "--package-path", example,
                "--scratch-path", scratch.path, "--product", "Hello",
                "--toolset", root.appendingPathComponent("linker/toolset.json").path,
            ]
        ).run()
        guard outcome.succeeded else {
            throw NotBuilt(description: outcome.output + outcome.errors)
        }
        return scratch.appendingPathComponent("release/Hello")
    }
}
