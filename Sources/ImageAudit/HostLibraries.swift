// The libraries of the host whose names an image must not use by accident: a program compiled
// for Linux takes them for granted, and a symbol of that name would be called in their place.

import Foundation
import RigTools

/// Where the host keeps its C and C++ libraries, and what they export.
package enum HostLibraries {
    private static let names = ["libc.so.6", "libm.so.6", "libstdc++.so.6"]
    private static let directories = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64",
    ]

    /// Every symbol that the C, mathematics and C++ libraries export.
    package static func exports() throws(RigError) -> Set<String> {
        var exports: Set<String> = []
        for name in names {
            let paths = directories.map { "\($0)/\(name)" }
            guard let path = paths.first(where: FileManager.default.fileExists) else {
                throw .missingTools(
                    [name], remedy: Tool.installLine(for: ["libc6", "libstdc++6"]))
            }
            exports.formUnion(try symbols(of: URL(fileURLWithPath: path)))
        }
        return exports
    }

    private static func symbols(of library: URL) throws(RigError) -> [String] {
        let image = try ELFImage(at: library)
        do throws(ELFImage.Fault) {
            return try image.dynamicSymbols().filter(\.isDefined).map(\.name)
        } catch {
            throw .wrongImage(path: library.path, reason: "\(error)")
        }
    }
}
