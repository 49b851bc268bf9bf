// The libraries of the host whose names an image must not use by accident: a program compiled
// for Linux takes them for granted, and a symbol of that name would be called in their place.

import Foundation

/// Where the host keeps its C and C++ libraries, and what they export.
public enum HostLibraries {
    /// A library was not found. Permanent until it is installed.
    public struct Missing: Error, CustomStringConvertible {
        /// Which, and the line that installs it.
        public let description: String
    }

    private static let names = ["libc.so.6", "libm.so.6", "libstdc++.so.6"]
    private static let directories = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64",
    ]

    /// Every symbol that the C, mathematics and C++ libraries export.
    public static func exports() throws -> Set<String> {
        var exports: Set<String> = []
        for name in names {
            let paths = directories.map { "\($0)/\(name)" }
            guard let path = paths.first(where: FileManager.default.fileExists) else {
                throw Missing(
                    description: "\(name) is in none of \(directories); "
                        + "`apt-get install libc6 libstdc++6` installs it")
            }
            let image = try ELFImage([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
            exports.formUnion(image.dynamicSymbols.filter(\.isDefined).map(\.name))
        }
        return exports
    }
}
