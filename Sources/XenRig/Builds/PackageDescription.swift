// What SwiftPM says about a package, as far as it is asked.

import Foundation

/// `swift package dump-package`.
struct PackageManifest: Decodable {
    struct Product: Decodable { let name: String }
    struct Target: Decodable {
        let name: String
        let type: String
    }

    let name: String
    let products: [Product]
    let targets: [Target]

    /// Executable targets without a declared product are products of their own name.
    func offers(_ program: String) -> Bool {
        targets.contains { $0.name == program && $0.type == "executable" }
            || products.contains { $0.name == program }
    }
}

/// `swift package show-dependencies --format json`: a package, and those it stands on.
struct DependencyTree: Decodable {
    let name: String
    let path: String
    let dependencies: [DependencyTree]

    /// The directory of the Apus that this package is built with.
    func apus(isApus: (String) -> Bool) -> String? {
        if isApus(path) { return path }
        for dependency in dependencies {
            if let found = dependency.apus(isApus: isApus) { return found }
        }
        return nil
    }
}
