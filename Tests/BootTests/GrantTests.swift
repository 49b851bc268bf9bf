// Grants on real hypervisors: lent, mapped, copied, held and taken back.

import Testing
import XenRig

extension Boot {
    @Suite struct Grants {
        @Test(arguments: BootMode.allCases, [1, 2])
        func `more pages are lent than a frame of the table holds`(
            mode: BootMode, version: Int
        ) async throws {
            let console = try await probe(["grants", "grants=\(version)"], mode)
            // QEMU has version 1 alone.
            #expect(console.contains("grants: version \(mode == .qemu ? 1 : version)\n"))
        }

        @Test(arguments: [BootMode.pv, .pvh], [1, 2])
        func `a domain maps and copies what it lends to itself`(
            mode: BootMode, version: Int
        ) async throws {
            let console = try await probe(["self", "grants=\(version)"], mode)
            #expect(console.contains("grants: version \(version)\n"))
        }

        private func probe(_ arguments: [String], _ mode: BootMode) async throws -> String {
            let end = try await Stage.ordinary.run {
                try await Domain.probe(arguments, mode).waitForEnd()
            }
            Domain.expectSuccess(end)
            return end.console
        }

        @Test(
            arguments: [
                (BootMode.pv, BootMode.pvh, 1), (.pvh, .pv, 1), (.pv, .pv, 2), (.pvh, .pvh, 2),
            ])
        func `a page that another domain holds comes back when that lets go`(
            lender: BootMode, borrower: BootMode, version: Int
        ) async throws {
            let (first, second) = try await Stage.ordinary.run {
                let lender = try await Domain.probe(["lender", "grants=\(version)"], lender)
                let borrower = try await Domain.probe(["borrower"], borrower)
                try await lender.wait(for: "ready\n")
                try await borrower.wait(for: "ready\n")
                let numbers = (try #require(lender.domainID), try #require(borrower.domainID))
                try await lender.send(line: "\(numbers.1)")
                let console = try await lender.wait(for: " 47\n")
                let references = try #require(console.firstMatch(of: /lent (.*)\n/)).1
                try await borrower.send(line: "\(numbers.0) \(references)")
                try await borrower.wait(for: "mapped\n")
                try await lender.send(line: "take back")
                try await lender.wait(for: "quarantined 40\n")
                try await borrower.send(line: "let go")
                try await borrower.wait(for: "unmapped\n")
                let end = try await lender.waitForEnd()
                try await borrower.send(line: "end")
                return (end, try await borrower.waitForEnd())
            }
            Domain.expectSuccess(first)
            Domain.expectSuccess(second)
            #expect(first.console.contains("left 0 of 40\n"))
        }
    }
}
