// The project keeps its own style.

import Foundation
import Testing
import Toolchain

@Suite struct TreeTests {
    private func faults(
        _ check: (SourceText) -> [Fault], where isChecked: (SourceText) -> Bool = { _ in true }
    ) throws -> String {
        let sources = try Tree.sources().filter(isChecked)
        #expect(!sources.isEmpty)
        return sources.flatMap(check).map(\.description).joined(separator: "\n")
    }

    @Test func `files, functions and lines are short`() throws {
        #expect(try faults(SizeChecks.fileLength) == "")
        #expect(try faults(SizeChecks.functionLength) == "")
        #expect(try faults(SizeChecks.lineLength) == "")
        #expect(try faults(SizeChecks.indentation) == "")
    }

    @Test func `names and comments say something`() throws {
        #expect(try faults(WordingChecks.emptyNames) == "")
        #expect(try faults(WordingChecks.bareNames, where: \.isSwift) == "")
        #expect(try faults(WordingChecks.markers) == "")
        #expect(try faults(WordingChecks.origins) == "")
    }

    @Test func `each file of the product says what it is`() throws {
        #expect(
            try faults(DocumentationChecks.header, where: { !$0.path.hasPrefix("Tests/") }) == "")
    }

    @Test func `imports point downwards and are declared`() throws {
        let package = try Tree.package()
        #expect(ImportChecks.floors(package) == [])
        #expect(package.targets.contains { $0.floor == 0 })
        #expect(package.targets.contains { $0.floor == 8 })
        let declared = try faults(
            { ImportChecks.declared($0, in: package) }, where: \.isSwift)
        #expect(declared == "")
    }

    @Test func `tests share no file with code`() throws {
        let isProduct = { (source: SourceText) in source.path.hasPrefix("Sources/") }
        #expect(try faults(ImportChecks.testsAmongCode, where: isProduct) == "")
    }

    @Test func `what a guest module offers is documented`() throws {
        let package = try Tree.package()
        let isGuest = { package.target(of: $0)?.floor != nil && $0.isSwift }
        #expect(try faults(DocumentationChecks.publicDeclarations, where: isGuest) == "")
    }

    @Test func `library modules have no global state`() throws {
        let isLibrary = { (source: SourceText) in
            // Apus names the live machine; programs may have a state of their own.
            source.isSwift && source.path.hasPrefix("Sources/")
                && !source.path.hasPrefix("Sources/Apus/")
                && !source.path.hasPrefix("Sources/ApusCommand/")
        }
        #expect(try faults(StateChecks.globalState, where: isLibrary) == "")
    }

    @Test func `swift format has nothing to say`() throws {
        let paths = ["Sources", "Tests", "Examples", "Package.swift"].filter {
            FileManager.default.fileExists(atPath: Tree.root.path + "/" + $0)
        }
        let outcome = try Toolchain().command(
            "swift", ["format", "lint", "--strict", "--parallel", "--recursive"] + paths
        ).run(in: Tree.root)
        #expect(outcome.succeeded, "\(outcome.errors)")
    }

    @Test func `sizes are reported`() throws {
        let sources = try Tree.sources()
        print(SizeReport("files", sources.map(\.lines.count)))
        let functions = sources.flatMap(SizeChecks.functions).map(\.lineCount)
        print(SizeReport("functions", functions))
        #expect(functions.count > 50)
    }
}
