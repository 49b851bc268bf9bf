// A target imports only lower floors, and only what Package.swift declares for it.

/// The direction of imports.
enum ImportChecks {
    /// Modules of the toolchain that exist in a guest.
    private static let guestModules: Set<String> = ["Swift", "Synchronization", "_Concurrency"]

    /// Dependencies that point sideways or upwards.
    static func floors(_ package: PackageMap) -> [Fault] {
        let floors = Dictionary(
            uniqueKeysWithValues: package.targets.map { ($0.name, $0.floor) })
        return package.targets.flatMap { target -> [Fault] in
            guard let floor = target.floor else { return [] }
            return target.dependencies.compactMap { name in
                if let lower = floors[name] ?? nil, lower < floor { return nil }
                let message = "\(target.name) is on floor \(floor); \(name) is not below it"
                return Fault(path: "Package.swift", line: 0, message: message)
            }
        }
    }

    /// Imports of a file that its target does not declare.
    static func declared(_ source: SourceText, in package: PackageMap) -> [Fault] {
        guard let target = package.target(of: source) else { return [] }
        let own = Set(package.targets.map(\.name))
        return imports(source).compactMap { index, module in
            if target.dependencies.contains(module) { return nil }
            if own.contains(module) {
                return source.fault(index, "\(target.name) does not declare \(module)")
            }
            if target.floor == nil || guestModules.contains(module) { return nil }
            if isHostOnly(source) { return nil }
            return source.fault(index, "\(module) does not exist in a guest")
        }
    }

    /// Whether a guest's build sees nothing of a file: its first line of code says so.
    private static func isHostOnly(_ source: SourceText) -> Bool {
        source.code.first { !$0.allSatisfy(\.isWhitespace) } == "#if !hasFeature(Embedded)"
    }

    /// Tests in a file of the product.
    static func testsAmongCode(_ source: SourceText) -> [Fault] {
        imports(source).filter { ["Testing", "XCTest"].contains($0.module) }.map {
            source.fault($0.line, "a test shares a file with code")
        }
    }

    static func imports(_ source: SourceText) -> [(line: Int, module: String)] {
        let statement =
            /^\s*(@\S+ +)*([a-z]+ +)?import +((struct|class|enum|protocol|func|var|let) +)?(\w+)/
        return source.code.enumerated().compactMap { index, line in
            line.firstMatch(of: statement).map { (index, String($0.5)) }
        }
    }
}
