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
        for line in text.split(separator: "\n") {
            if let match = line.firstMatch(of: /^ +\/\/ Floor (\d+)/) {
                floor = Int(match.1)
            } else if line.firstMatch(of: /^ +\/\/ (Host|Tests)/) != nil {
                floor = nil
            } else if let match = line.firstMatch(of: /(\bfloor\(|\bname: )"(\w+)"/) {
                floors[String(match.2)] = floor
            }
        }
        return floors
    }
}
