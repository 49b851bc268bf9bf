// The layout of Swift code, as `.swift-format` lays it down.

import Foundation
import Toolchain

/// The toolchain's formatter, with the project's rules.
enum Formatting {
    /// Judges files and directories, named from `directory`.
    static func lint(_ paths: [String], in directory: URL) throws -> Command.Outcome {
        let rules = Tree.root.appendingPathComponent(".swift-format").path
        return try Toolchain().command(
            "swift",
            ["format", "lint", "--strict", "--parallel", "--configuration", rules, "--recursive"]
                + paths
        ).run(in: directory)
    }
}
