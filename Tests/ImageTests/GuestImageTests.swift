// The audit of a real guest.

import Foundation
import ImageAudit
import RigTools
import Testing

@Suite struct GuestImageTests {
    private func listedSymbols() throws -> Set<String> {
        let list = AuditedImage.root.appending(path: "Documentation/libc-symbols.md")
        return SymbolList(markdown: try #require(Files.read(list))).names
    }

    @Test func `the finished guest image is faultless`() async throws {
        let toolchain = try Toolchain()
        let audit = Audit(
            libraryExports: try HostLibraries.exports(), allowed: try listedSymbols())
        let image = try await AuditedImage.unstripped()
        let findings = try await audit.findings(in: image, with: toolchain)
        if findings.isEmpty { return }
        Issue.record("\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test func `the host exports the symbols that a guest has to supply`() throws {
        let exports = try HostLibraries.exports()
        #expect(exports.isSuperset(of: ["malloc", "memcpy", "floor", "__cxa_pure_virtual"]))
    }

    @Test func `every listed symbol is one of the host's libraries`() throws {
        let names = try listedSymbols()
        #expect(!names.isEmpty)
        #expect(names.subtracting(try HostLibraries.exports()).sorted() == [])
    }
}
