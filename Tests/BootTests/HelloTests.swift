// The example: what it says of its domain, how large it is, and how small a domain may be.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Hello {
        private func console(
            _ mode: BootMode, _ change: @Sendable (inout DomainConfiguration) -> Void = { _ in }
        ) async throws -> String {
            let end = try await Stage.shared.beside {
                try await Domain.hello(mode, change).waitForEnd()
            }
            Domain.expectSuccess(end)
            return end.console
        }

        @Test(arguments: [
            (BootMode.pv, "PV", "4.20"), (.pvh, "PVH", "4.20"), (.qemu, "PVH", "4.17"),
        ])
        func `the guest finds its mode, memory, processors and Xen`(
            mode: BootMode, name: String, version: String
        ) async throws {
            let console = try await console(mode)
            #expect(console.contains("Hello from Swift, booted as \(name)\n"))
            #expect(console.contains("memory: 64 MiB, vCPUs: 1\n"))
            #expect(console.contains("Xen \(version)\n"))
        }

        @Test func `the image takes at most 256 KiB`() async throws {
            let file = try await Image.hello.file
            let size = try #require(try file.resourceValues(forKeys: [.fileSizeKey]).fileSize)
            print("Hello: \(size) bytes")
            #expect(size <= 256 << 10)
        }

        @Test(arguments: [(BootMode.pv, 4), (.pvh, 2), (.pvh, 8), (.qemu, 8)])
        func `a small domain is enough`(mode: BootMode, mebibytes: Int) async throws {
            let console = try await console(mode) { $0.memoryMiB = mebibytes }
            #expect(console.contains("memory: \(mebibytes) MiB"))
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
            #expect(console.contains("memory: 48 MiB"))
        }
    }
}
