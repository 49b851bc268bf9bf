// The layout of Swift code, as `.swift-format` lays it down.

import Foundation
import RigTools

/// The toolchain's formatter, with the project's rules.
enum Formatting {
    /// Judges files and directories, named from `directory`.
    static func lint(_ paths: [String], in directory: URL) async throws -> CommandResult {
        let rules = Tree.root.appendingPathComponent(".swift-format").path
        var command = try Toolchain().command(
            "swift",
            ["format", "lint", "--strict", "--parallel", "--configuration", rules, "--recursive"]
                + paths)
        command.directory = directory
        return try await command.run()
    }
}
