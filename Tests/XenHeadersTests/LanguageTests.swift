// Our headers serve the languages that a guest is written in.

import Foundation
import RigTools
import Testing

@Suite struct LanguageTests {
    private static let include = Headers.root.appendingPathComponent("xen-headers/include")

    @Test(arguments: [[], ["-enable-experimental-feature", "Embedded", "-wmo"]])
    func `every constant is an integer in Swift`(options: [String]) async throws {
        let toolchain = try Toolchain()
        let names = try await Headers.ours().inventory(with: toolchain).constants
        let uses = names.map { "    _ = Int64(truncatingIfNeeded: \($0))\n" }
        try await check("import CXen\n\nfunc use() {\n\(uses.joined())}\n", in: "use.swift") {
            file in
            try toolchain.command(
                "swiftc",
                ["-typecheck", "-parse-as-library", "-swift-version", "6"] + options
                    + ["-I", Self.include.path, file])
        }
    }

    @Test func `every record is a type in Swift`() async throws {
        let toolchain = try Toolchain()
        let records = try await Headers.ours().inventory(with: toolchain).records
        let uses = records.map { record in
            "    _ = MemoryLayout<\(record.type.split(separator: " ")[1])>.size\n"
        }
        try await check("import CXen\n\nfunc use() {\n\(uses.joined())}\n", in: "use.swift") {
            file in
            try toolchain.command(
                "swiftc", ["-typecheck", "-parse-as-library", "-I", Self.include.path, file])
        }
    }

    @Test func `assembly can use hypercall numbers and note types`() async throws {
        let names = ["hypercalls.h", "elfnote.h"].map { Self.include.path + "/xen/" + $0 }
        let texts = try names.map { try String(contentsOfFile: $0, encoding: .utf8) }
        let uses = Inventory.constants(inMacros: texts.joined()).map { ".long \($0)\n" }
        #expect(uses.count > 40)
        let includes = names.map { "#include \"\($0)\"\n" }
        try await check((includes + uses).joined(), in: "use.S") { file in
            try Toolchain().command("clang", ["-c", "-o", "/dev/null", file])
        }
    }

    @Test func `each header stands alone`() async throws {
        let directory = Self.include.appendingPathComponent("xen").path
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            try await check("#include \"\(directory)/\(name)\"\n", in: "use.c") { file in
                try Toolchain().command(
                    "clang", ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", file])
            }
        }
    }

    private func check(
        _ text: String, in name: String, by command: (String) throws -> Command
    ) async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let file = directory.appending(name)
        try Files.write(text, to: file)
        let outcome = try await command(file.path).run()
        #expect(outcome.succeeded, "\(outcome.output)")
    }
}
