// The example: what it says of its domain, how large it is, and how small a domain may be.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Hello {
        private func console(
            _ mode: BootMode, _ change: @Sendable (inout DomainConfiguration) -> Void = { _ in }
        ) async throws -> String {
            let end = try await Stage.ordinary.run {
                try await Domain.hello(mode, change).waitForEnd()
            }
            Domain.expectSuccess(end)
            return end.console
        }

        /// What a guest can find: under QEMU a part of the first MiB is missing, as in a PC.
        private func foundMiB(_ mebibytes: Int, in mode: BootMode) -> Int {
            mode == .qemu ? mebibytes - 1 : mebibytes
        }

        @Test(arguments: BootMode.allCases)
        func `the guest finds its mode, memory, processors and Xen`(mode: BootMode) async throws {
            let expected = """
                Hello from Swift, booted as \(mode == .pv ? "PV" : "PVH")
                memory: \(foundMiB(64, in: mode)) MiB, vCPUs: 1
                Xen \(mode == .qemu ? "4.17" : "4.20")
                apus: exit status 0

                """
            #expect(try await console(mode) == expected)
        }

        @Test func `the image takes at most 480 KiB`() async throws {
            let file = try await Image.hello.file
            let size = try #require(try file.resourceValues(forKeys: [.fileSizeKey]).fileSize)
            print("Hello: \(size) bytes")
            #expect(size <= 480 << 10)
        }

        @Test(arguments: [(BootMode.pv, 4), (.pvh, 2), (.pvh, 8), (.qemu, 8)])
        func `a small domain is enough`(mode: BootMode, mebibytes: Int) async throws {
            let console = try await console(mode) { $0.memoryMiB = mebibytes }
            #expect(console.contains("memory: \(foundMiB(mebibytes, in: mode)) MiB,"))
        }

        @Test(arguments: BootMode.allCases)
        func `a domain of four processors boots, and says so`(mode: BootMode) async throws {
            #expect(try await console(mode) { $0.vcpus = 4 }.contains("vCPUs: 4\n"))
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `a domain that may grow boots with what it has`(mode: BootMode) async throws {
            let console = try await console(mode) {
                $0.memoryMiB = 48
                $0.maximumMemoryMiB = 128
            }
            #expect(console.contains("memory: 48 MiB,"))
        }
    }
}
