// The Swift toolchain on this host, and the tools that come beside its compiler.
//
// Other copies of clang or llvm-objdump may be on the path: they are older, or print differently.

import Foundation

/// Where the tools of one Swift toolchain are.
package struct Toolchain: Sendable {
    /// The directory that holds `swiftc`, links resolved.
    package let directory: URL

    /// Finds the toolchain of the first `swiftc` on the path.
    package init() throws(RigError) {
        guard let compiler = Tool(name: "swiftc", package: "swift").find() else {
            throw .missingTools(["swift"], remedy: "put a Swift 6.2 or newer toolchain in PATH")
        }
        directory = compiler.resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// A run of the toolchain's own `tool`.
    package func command(_ tool: String, _ arguments: [String]) throws(RigError) -> Command {
        let path = directory.appending(path: tool)
        guard access(path.path, X_OK) == 0 else {
            let remedy = "use a complete toolchain (none in \(directory.path))"
            throw .missingTools([tool], remedy: remedy)
        }
        return Command(path, arguments)
    }
}
