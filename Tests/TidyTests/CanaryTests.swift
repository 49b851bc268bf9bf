// Every check must flag a text that breaks its rule, and leave alone one that does not.

import Foundation
import RigTools
import Testing

@Suite struct CanaryTests {
    private func lines(
        _ check: (SourceText) -> [Fault], _ text: String, path: String = "Sources/A/A.swift"
    ) -> [Int] {
        check(SourceText(path: path, text: text)).map(\.line)
    }

    private func repeated(_ line: String, _ count: Int) -> String {
        String(repeating: line + "\n", count: count)
    }

    @Test func `a long file is flagged`() {
        #expect(lines(SizeChecks.fileLength, repeated("a", 501)) == [0])
        #expect(lines(SizeChecks.fileLength, repeated("a", 500)) == [])
    }

    @Test func `a long function is flagged at its first line`() {
        let function = { "//\npublic func f(\n    a: Int\n) {\n\(repeated("    b()", $0))}\n" }
        #expect(lines(SizeChecks.functionLength, function(67)) == [2])
        #expect(lines(SizeChecks.functionLength, function(66)) == [])
        let initializer = "struct A {\n  init() {\n\(repeated("b()", 70))}\n}\n"
        #expect(lines(SizeChecks.functionLength, initializer) == [2])
    }

    @Test func `a long type is no long function`() {
        #expect(lines(SizeChecks.functionLength, "struct A {\n\(repeated("let a = 1", 90))}") == [])
    }

    @Test func `a long function of C is flagged`() {
        let function = "static int f(int a) {\n\(repeated("    if (a) { b(); }", 70))}\n"
        #expect(lines(SizeChecks.functionLength, function, path: "arch/a.c") == [1])
        let table = "struct a {\n\(repeated("    int b;", 90))};\n"
        #expect(lines(SizeChecks.functionLength, table, path: "arch/a.h") == [])
    }

    @Test func `a long line is flagged`() {
        #expect(lines(SizeChecks.lineLength, "a\n" + String(repeating: "é", count: 101)) == [2])
        #expect(lines(SizeChecks.lineLength, String(repeating: "é", count: 100)) == [])
    }

    @Test func `a tab and a trailing space are flagged`() {
        #expect(lines(SizeChecks.indentation, "a\n\tb\nc \n") == [2, 3])
    }

    @Test func `a name that says nothing is flagged`() {
        let text =
            "struct PageManager {}\nenum Utils {}\nstruct Utile {}\nlet a = \"class Helper\"\n"
        #expect(lines(WordingChecks.emptyNames, text) == [1, 2])
        #expect(lines(WordingChecks.emptyNames, "", path: "Sources/A/StringHelper.swift") == [0])
    }

    @Test func `a bare name is flagged`() {
        #expect(
            lines(WordingChecks.bareNames, "let data = 1\nlet dataCount = 1\nvar info: Int") == [
                1, 3,
            ])
    }

    @Test func `a marker is flagged in comments only`() {
        let marker = "TO" + "DO"
        #expect(lines(WordingChecks.markers, "a // \(marker): b\nlet c = \"\(marker)\"\n") == [1])
    }

    @Test func `a word about how it was made is flagged`() {
        let text = "// See issue #2.\n// A TCP session ends.\n/* as " + "requested */\n"
        #expect(lines(WordingChecks.origins, text) == [1, 3])
    }

    @Test func `a file without a header is flagged`() {
        #expect(lines(DocumentationChecks.header, "import A\n") == [1])
        #expect(lines(DocumentationChecks.header, "// What it is.\nimport A\n") == [])
    }

    @Test func `an undocumented public declaration is flagged`() {
        let text = """
            public struct A {
                /// Documented.
                @inlinable
                public var a: Int { 1 }
                public private(set) var b = 1
                var c = 1
            }
            public import B
            """
        #expect(lines(DocumentationChecks.publicDeclarations, text) == [1, 5])
    }

    @Test func `an undocumented case and requirement are flagged`() {
        let text = """
            /// E.
            public enum E {
                case a
                /// B.
                case b
                var c: Int {
                    switch self {
                    case .a: 1
                    }
                }
            }
            /// P.
            public protocol P {
                func f()
            }
            enum Q { case q }
            """
        #expect(lines(DocumentationChecks.publicDeclarations, text) == [3, 14])
    }

    @Test func `global state is flagged`() {
        let text = """
            var a = 1
            let b = 1
            var c: Int { 1 }
            nonisolated(unsafe) let d = 1
            struct E {
                static var f = 1
                static var g: Int { 1 }
                static let h = 1
                var i = 1
                func j() { var k = 1 }
            }
            """
        #expect(lines(StateChecks.globalState, text) == [1, 4, 6])
    }

    private let package = PackageMap(targets: [
        .init(name: "A", path: "Sources/A", dependencies: ["B"], floor: 2),
        .init(name: "B", path: "Sources/B", dependencies: ["C"], floor: 1),
        .init(name: "C", path: "Sources/C", dependencies: [], floor: 1),
        .init(name: "D", path: "Sources/D", dependencies: ["A"], floor: nil),
    ])

    @Test func `a dependency that is not on a lower floor is flagged`() {
        let messages = ImportChecks.floors(package).map(\.message)
        #expect(messages == ["B is on floor 1; C is not below it"])
    }

    @Test func `an import that the target does not declare is flagged`() {
        let check = { ImportChecks.declared($0, in: self.package) }
        let text =
            "import B\n@testable import C\npublic import struct C.X\nimport Synchronization\n"
        #expect(lines(check, text) == [2, 3])
        #expect(lines(check, "import Foundation\n") == [1])
        #expect(lines(check, "import Foundation\nimport A\n", path: "Sources/D/D.swift") == [])
        #expect(lines(check, "#if !hasFeature(Embedded)\nimport Foundation\n") == [])
        #expect(lines(check, "import Foundation\n#if !hasFeature(Embedded)\n") == [1])
    }

    @Test func `a test among code is flagged`() {
        #expect(lines(ImportChecks.testsAmongCode, "import B\nimport Testing\n") == [2])
    }

    @Test func `a badly laid out file is flagged`() async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let file = directory.appending("A.swift")
        try Files.write("let a = [1,2]\n", to: file)
        #expect(try await !Formatting.lint(["A.swift"], in: directory.root).succeeded)
        try Files.write("let a = [1, 2]\n", to: file)
        #expect(try await Formatting.lint(["A.swift"], in: directory.root).succeeded)
    }
}
