// The audit of a real guest.

import Foundation
import ImageAudit
import RigTools
import Testing

@Suite struct GuestImageTests {
    @Test func `the finished guest image is faultless`() async throws {
        let toolchain = try Toolchain()
        let list = AuditedImage.root.appendingPathComponent("Documentation/libc-symbols.md")
        let allowed = SymbolList(markdown: try String(contentsOf: list, encoding: .utf8)).names
        let audit = Audit(libraryExports: try HostLibraries.exports(), allowed: allowed)
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
        let list = AuditedImage.root.appendingPathComponent("Documentation/libc-symbols.md")
        let names = SymbolList(markdown: try String(contentsOf: list, encoding: .utf8)).names
        #expect(!names.isEmpty)
        #expect(names.subtracting(try HostLibraries.exports()).sorted() == [])
    }
}
