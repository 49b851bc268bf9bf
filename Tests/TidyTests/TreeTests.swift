// The project keeps its own style.

import Foundation
import RigTools
import Testing

@Suite struct TreeTests {
    private func expectNone(
        _ check: (SourceText) -> [Fault], where isChecked: (SourceText) -> Bool = { _ in true }
    ) throws {
        let sources = try Tree.sources().filter(isChecked)
        #expect(!sources.isEmpty)
        let faults = sources.flatMap(check)
        if faults.isEmpty { return }
        Issue.record("\(faults.map(\.description).joined(separator: "\n"))")
    }

    @Test func `files, functions and lines are short`() throws {
        try expectNone(SizeChecks.fileLength)
        try expectNone(SizeChecks.functionLength)
        try expectNone(SizeChecks.lineLength)
        try expectNone(SizeChecks.indentation)
    }

    @Test func `names and comments say something`() throws {
        try expectNone(WordingChecks.emptyNames)
        try expectNone(WordingChecks.bareNames, where: \.isSwift)
        try expectNone(WordingChecks.markers)
        try expectNone(WordingChecks.origins)
    }

    @Test func `each file of the product says what it is`() throws {
        // An example is as short as a first program may be; a test's names are sentences.
        let isProduct = { (source: SourceText) in
            !source.path.hasPrefix("Tests/") && !source.path.hasPrefix("Examples/")
        }
        try expectNone(DocumentationChecks.header, where: isProduct)
    }

    @Test func `imports point downwards and are declared`() async throws {
        let package = try await Tree.package()
        #expect(ImportChecks.floors(package) == [])
        #expect(package.targets.contains { $0.floor == 0 })
        #expect(package.targets.contains { $0.floor == 8 })
        try expectNone({ ImportChecks.declared($0, in: package) }, where: \.isSwift)
    }

    @Test func `tests share no file with code`() throws {
        let isProduct = { (source: SourceText) in source.path.hasPrefix("Sources/") }
        try expectNone(ImportChecks.testsAmongCode, where: isProduct)
    }

    @Test func `what a guest module offers is documented`() async throws {
        let package = try await Tree.package()
        let isGuest = { package.target(of: $0)?.floor != nil && $0.isSwift }
        try expectNone(DocumentationChecks.publicDeclarations, where: isGuest)
    }

    @Test func `library modules have no global state`() throws {
        let isLibrary = { (source: SourceText) in
            // Apus names the live machine; programs may have a state of their own.
            source.isSwift && source.path.hasPrefix("Sources/")
                && !source.path.hasPrefix("Sources/Apus/")
                && !source.path.hasPrefix("Sources/ApusCommand/")
        }
        try expectNone(StateChecks.globalState, where: isLibrary)
    }

    @Test func `swift format has nothing to say`() async throws {
        let paths = ["Sources", "Tests", "Examples", "Package.swift"].filter {
            FileManager.default.fileExists(atPath: Tree.root.path + "/" + $0)
        }
        let outcome = try await Formatting.lint(paths, in: Tree.root)
        if outcome.succeeded { return }
        Issue.record("\(outcome.output)")
    }

    @Test func `sizes are reported`() throws {
        let sources = try Tree.sources()
        print(SizeReport("files", sources.map(\.lines.count)))
        let functions = sources.flatMap(SizeChecks.functions).map(\.lineCount)
        print(SizeReport("functions", functions))
        #expect(functions.count > 50)
    }
}
