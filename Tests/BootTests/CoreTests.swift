// The core of a crashed domain, as the toolstack takes it.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Cores {
        @Test(arguments: [("null", "readByte"), ("index", "readPastTheEnd")], Flavour.tested)
        func `the core of a PV domain leads to the function that failed`(
            failure: (subject: String, function: String), flavour: Flavour
        ) async throws {
            let names = try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: .pv, flavour: flavour)
                return try await backtrace(of: failure.subject, .pv, 8, on: rig)
            }
            #expect(
                names.contains { $0.contains(failure.function) && $0.contains("Probe+Failures") },
                "\(names.joined(separator: "\n"))")
        }

        /// Minutes, nearly all of them in dom0: xl asks for each frame number below 4 GiB.
        @Test(.enabled(if: Thoroughness.isWanted))
        func `the core of a PVH domain leads to the function that failed`() async throws {
            let rig = try await Rig.boot(.xen)
            let names = try await backtrace(of: "null", .pvh, 4, on: rig)
            #expect(
                names.contains { $0.contains("readByte") && $0.contains("Probe+Failures") },
                "\(names.joined(separator: "\n"))")
            await rig.shutdown()
        }

        /// Crashes a probe and names what its core says it was doing.
        private func backtrace(
            of subject: String, _ mode: BootMode, _ mebibytes: Int, on rig: Rig
        ) async throws -> [String] {
            let domain = try await Domain.probe([subject], mode, on: rig) {
                $0.memoryMiB = mebibytes
                $0.onCrash = .coredumpDestroy
            }
            #expect(try await domain.waitForEnd().ending == .crash)
            let file = try await domain.fetchCore(timeout: .seconds(1200))
            let core = try Core(file)
            #expect(core.processorCount == 1)
            try FileManager.default.removeItem(at: file)
            #expect(try await !rig.domains().contains(domain.name))
            let symboliser = Symboliser(image: try await Image.probe.unstripped)
            return await symboliser.annotated(core.backtrace())
        }
    }
}
