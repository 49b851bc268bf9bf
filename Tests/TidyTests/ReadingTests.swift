// The checks see a file, a manifest and a list of sizes as they are.

import Foundation
import Testing

@Suite struct ReadingTests {
    private func code(_ text: String) -> [String] {
        SourceText(path: "a.swift", text: text).code
    }

    @Test func `comments and strings are no code`() {
        #expect(code("a // b") == ["a     "])
        #expect(code("a /* b\nc */ d") == ["a     ", "     d"])
        #expect(code("a(\"{ // \\\" }\") b") == ["a(           ) b"])
        #expect(code("a('\"') // b") == ["a(   )     "])
    }

    @Test func `an interpolation is code`() {
        #expect(code(##"("a\(b(1))c") d"##) == [##"(    b(1)   ) d"##])
        #expect(code(###"#"a\(b)\#(c)"# d"###) == [###"          c    d"###])
    }

    @Test func `a string of several lines is no code`() {
        #expect(code("a = \"\"\"\n  { \"b\"\n  \"\"\"\nc") == ["a =    ", "       ", "     ", "c"])
    }

    @Test func `floors are read from the manifest`() {
        let text = """
                    // Floor 0: below all.
                    .target(name: "CXen", path: "xen-headers"),
                    // Floor 3
                    floor(
                        "Clock", on: ["CXen"]),
                    // Host
                    .target(name: "XenRig"),
            """
        #expect(PackageMap.floors(inManifest: text) == ["CXen": 0, "Clock": 3])
    }

    @Test func `a package's dump is read`() throws {
        let dump = """
            {"targets": [
              {"name": "A", "type": "test", "dependencies": [{"byName": ["B", null]}]},
              {"name": "B", "type": "regular", "path": "b", "dependencies": []}]}
            """
        let package = try PackageMap(dump: Data(dump.utf8), manifest: "")
        #expect(
            package.targets == [
                .init(name: "A", path: "Tests/A", dependencies: ["B"], floor: nil),
                .init(name: "B", path: "b", dependencies: [], floor: nil),
            ])
    }

    @Test func `percentiles are sizes that occur`() {
        let report = SizeReport("files", [5, 1, 3, 2, 4, 6, 7, 8, 10, 9])
        #expect(report.percentile(50) == 5)
        #expect(report.percentile(90) == 9)
        #expect(report.percentile(100) == 10)
    }
}
