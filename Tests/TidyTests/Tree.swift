// The project's own files.

import Foundation
import RigTools

/// The working tree that this test was compiled in.
enum Tree {
    static let root = Checkout.root()

    private static let directories = [
        "Sources", "Tests", "Examples", "arch", "linker", "xen-headers",
    ]
    private static let languages: Set<String> = ["swift", "c", "h", "S", "ld"]

    /// Everything written by hand that is code.
    static func sources() throws -> [SourceText] { try read.get() }

    /// Read once: every check looks at all of it.
    private static let read = Result { try readSources() }

    private static func readSources() throws -> [SourceText] {
        let nested = directories.flatMap { directory -> [String] in
            let files = FileManager.default.enumerator(atPath: root.path + "/" + directory)
            return (files?.compactMap { $0 as? String } ?? []).map { "\(directory)/\($0)" }
        }
        let chosen = nested.filter { path in
            // What a build left behind is not ours.
            let parts = path.split(separator: "/")
            return !parts.contains { $0.hasPrefix(".") }
                && languages.contains(String(path.split(separator: ".").last ?? ""))
        }
        return try (["Package.swift"] + chosen.sorted()).map(source)
    }

    static func source(_ path: String) throws -> SourceText {
        let file = root.appendingPathComponent(path)
        return SourceText(path: path, text: try String(contentsOf: file, encoding: .utf8))
    }

    /// The targets, as SwiftPM understands them.
    static func package() async throws -> PackageMap {
        let manifest = root.appendingPathComponent("Package.swift")
        // Elsewhere: the build that runs this test holds the lock of the usual place.
        let scratch = try TemporaryDirectory.make()
        defer { scratch.remove() }
        let outcome = try await Toolchain().command(
            "swift",
            [
                "package", "--package-path", root.path, "--scratch-path", scratch.root.path,
                "dump-package",
            ]
        ).run(.apart)
        return try PackageMap(
            dump: Data(outcome.output.utf8),
            manifest: try String(contentsOf: manifest, encoding: .utf8))
    }
}
