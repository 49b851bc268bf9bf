// The Swift toolchain on this host, and the tools that come beside its compiler.
//
// Other copies of clang or llvm-objdump may be on the path: they are older, or print differently.

import Foundation

/// Where the tools of one Swift toolchain are.
public struct Toolchain: Sendable {
    /// A tool is not where it should be. Permanent until it is installed.
    public struct Missing: Error, CustomStringConvertible {
        /// Which tool, and where it was looked for.
        public let description: String
    }

    /// The directory that holds `swiftc`, links resolved.
    public let directory: URL

    /// Finds the toolchain of the first `swiftc` on the path.
    public init() throws(Missing) {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for entry in path.split(separator: ":") {
            let compiler = URL(fileURLWithPath: String(entry)).appendingPathComponent("swiftc")
            guard FileManager.default.isExecutableFile(atPath: compiler.path) else { continue }
            directory = compiler.resolvingSymlinksInPath().deletingLastPathComponent()
            return
        }
        throw Missing(description: "swiftc is not on the path \(path)")
    }

    /// A run of the toolchain's own `tool`.
    public func command(_ tool: String, _ arguments: [String]) throws(Missing) -> Command {
        let executable = directory.appendingPathComponent(tool).path
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw Missing(description: "\(tool) is not beside swiftc in \(directory.path)")
        }
        return Command(executable, arguments)
    }
}
