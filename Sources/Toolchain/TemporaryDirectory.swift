// A directory that lasts as long as one piece of work.

import Foundation

/// Scratch space under the system's temporary directory.
public enum TemporaryDirectory {
    /// Runs `body` with a new empty directory, which is gone afterwards whatever happened.
    public static func with<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let files = FileManager.default
        let directory = files.temporaryDirectory
            .appendingPathComponent("apus-\(UUID().uuidString)")
        try files.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: directory) }
        return try body(directory)
    }
}
