// What Package.swift says of the targets: what each may import, and its floor.

import Foundation

/// The targets of a package.
struct PackageMap {
    struct Target: Equatable {
        let name: String
        /// From the root of the package.
        let path: String
        let dependencies: [String]
        /// Floors are the guest's; a target of the host or of tests has none.
        var floor: Int?
    }

    /// The dump or the manifest was not as expected.
    struct Unreadable: Error {}

    private(set) var targets: [Target]

    init(targets: [Target]) { self.targets = targets }

    /// Reads `swift package dump-package`, and the comments `// Floor 3` of the manifest, each
    /// of which stands above the targets of its floor.
    init(dump: Data, manifest: String) throws {
        guard let package = try JSONSerialization.jsonObject(with: dump) as? [String: Any],
            let entries = package["targets"] as? [[String: Any]]
        else { throw Unreadable() }
        let floors = Self.floors(inManifest: manifest)
        targets = try entries.map { entry in
            guard let name = entry["name"] as? String else { throw Unreadable() }
            let parent = entry["type"] as? String == "test" ? "Tests" : "Sources"
            let dependencies = (entry["dependencies"] as? [[String: [Any]]] ?? [])
                .compactMap { $0.values.first?.first as? String }
            return Target(
                name: name, path: entry["path"] as? String ?? "\(parent)/\(name)",
                dependencies: dependencies, floor: floors[name])
        }
    }

    /// The target that a file belongs to.
    func target(of source: SourceText) -> Target? {
        targets.first { source.path.hasPrefix($0.path + "/") }
    }

    static func floors(inManifest text: String) -> [String: Int] {
        var floors: [String: Int] = [:]
        var floor: Int?
        // Across lines: a long declaration has its name on a line of its own.
        let marks = text.matches(of: /\/\/ (Floor (\d+)|Host|Tests)|(floor\(|name:)\s*"(\w+)"/)
        for mark in marks {
            if let name = mark.4 {
                floors[String(name)] = floor
            } else {
                floor = mark.2.flatMap { Int($0) }
            }
        }
        return floors
    }
}
