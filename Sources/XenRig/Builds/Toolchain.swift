// The Swift toolchain that builds images: that of the `swift` in PATH.

import Foundation

struct Toolchain: Sendable {
    let swift: URL
    /// The directory with the toolchain's own llvm tools.
    let tools: URL

    static func installed() throws(RigError) -> Toolchain {
        let compiler = Tool(name: "swiftc", package: "swift")
        let driver = Tool(name: "swift", package: "swift")
        guard let swiftc = compiler.find(), let swift = driver.find() else {
            throw .missingTools(["swift"], remedy: "put a Swift 6.2 or newer toolchain in PATH")
        }
        let tools = swiftc.resolvingSymlinksInPath().deletingLastPathComponent()
        return Toolchain(swift: swift, tools: tools)
    }

    func tool(_ name: String) throws(RigError) -> URL {
        let path = tools.appending(path: name)
        guard access(path.path, X_OK) == 0 else {
            throw .missingTools([name], remedy: "use a complete toolchain (none in \(tools.path))")
        }
        return path
    }
}
