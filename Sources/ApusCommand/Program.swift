// The program that a command line names: a product to build, or an image that is there.

import Foundation
import XenRig

enum Program {
    /// The image of `name`: built, or, where the name is a path, taken as it is.
    static func image(_ name: String, package: String?) async throws(RigError) -> GuestImage {
        if name.contains("/") {
            let file = URL(fileURLWithPath: name)
            return GuestImage(file: file, unstripped: unstripped(beside: file))
        }
        let directory = URL(
            fileURLWithPath: package ?? FileManager.default.currentDirectoryPath)
        let found = try await GuestPackage.find(name, in: directory)
        return try await GuestBuild(found, progress: Terminal.progress).build()
    }

    /// What `apus build` leaves beside its image, if this is one of its images.
    private static func unstripped(beside file: URL) -> URL {
        let candidate = file.deletingPathExtension().appendingPathExtension("debug")
        return FileManager.default.fileExists(atPath: candidate.path) ? candidate : file
    }

    /// A name that xl takes for a domain.
    static func domainName(_ program: String) -> String {
        let base = URL(fileURLWithPath: program).deletingPathExtension().lastPathComponent
        let name = base.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return name.isEmpty ? "apus" : String(name)
    }
}
