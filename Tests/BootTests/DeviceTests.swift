// Devices that come and go while a guest runs: xl, xenstored, blkback and netback at the other end.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Devices {
        private static let modes = [BootMode.pv, .pvh]

        /// A probe that serves devices, and the end of a regular run of it.
        private func serve(
            _ arguments: [String] = [], in mode: BootMode,
            _ script: @Sendable (RunningDomain) async throws -> Void
        ) async throws -> String {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["devices"] + arguments, mode)
                try await domain.wait(for: "devices: ready\n")
                try await script(domain)
                try await domain.send(line: "quit")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
            // Of the store's watches, the one for new devices goes with the service.
            #expect(end.console.contains("devices: 0 watches\n"), "\(end.console)")
            #expect(!end.console.contains("page in use"), "\(end.console)")
            return end.console
        }

        private func disk(_ domain: RunningDomain, _ name: String) async throws -> Disk {
            Disk(path: try await domain.rig.makeDisk(named: name, mebibytes: 4), device: "xvdb")
        }

        private func backendState(
            _ domain: RunningDomain, _ device: String
        ) async throws -> String? {
            let path = "\(try domain.storePath())/device/\(device)/backend"
            guard let backend = try await domain.rig.store.read(path) else { return nil }
            return try await domain.rig.store.read("\(backend)/state")
        }

        @Test(arguments: modes)
        func `disks and network cards are attached and detached`(mode: BootMode) async throws {
            let console = try await serve(in: mode) { domain in
                for round in 1...2 {
                    try await domain.attach(disk(domain, "hot"))
                    try await domain.wait(for: "vbd 51728: connected 1, 8192 sectors\n")
                    #expect(try await backendState(domain, "vbd/51728") == "4")
                    try await domain.attach(NetworkCard())
                    try await domain.wait(for: "vif 0: connected 1,")
                    #expect(try await backendState(domain, "vif/0") == "4")
                    try await domain.detachDisk("xvdb")
                    try await domain.detachNetworkCard("0")
                    try await wait(for: "vbd 51728: left\n", times: round, in: domain)
                    try await wait(for: "vif 0: left\n", times: round, in: domain)
                    #expect(try await backendState(domain, "vbd/51728") == nil)
                }
            }
            #expect(console.components(separatedBy: "vbd 51728: released\n").count == 3)
            #expect(console.components(separatedBy: "vif 0: released\n").count == 3)
        }

        private func wait(for line: String, times: Int, in domain: RunningDomain) async throws {
            for _ in 0..<600 {
                if domain.console.components(separatedBy: line).count > times { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            Issue.record("no \(times) times \(line): \(domain.console)")
        }

        @Test(arguments: modes)
        func `a busy driver finishes first, and the detach waits for it`(
            mode: BootMode
        ) async throws {
            let console = try await serve(["busy=3000"], in: mode) { domain in
                try await domain.attach(disk(domain, "busy"))
                try await domain.wait(for: "vbd 51728: connected")
                try await domain.detachDisk("xvdb")
                try await domain.wait(for: "vbd 51728: left\n")
            }
            #expect(!console.contains("forced"))
            #expect(console.contains("vbd 51728: released\n"))
        }

        /// xl's ten seconds are few for a PVH guest that is emulated on a busy host.
        @Test(arguments: [BootMode.pv])
        func `a driver that never finishes is closed over its head`(mode: BootMode) async throws {
            let console = try await serve(["busy=100000"], in: mode) { domain in
                try await domain.attach(disk(domain, "stuck"))
                try await domain.wait(for: "vbd 51728: connected")
                try await domain.detachDisk("xvdb")
                try await domain.wait(for: "vbd 51728: left\n")
            }
            #expect(console.contains("vbd 51728: forced\n"))
        }

        @Test(arguments: modes)
        func `a device taken away by force is given back and comes again`(
            mode: BootMode
        ) async throws {
            _ = try await serve(in: mode) { domain in
                try await domain.attach(disk(domain, "forced"))
                try await domain.wait(for: "vbd 51728: connected")
                try await domain.detachDisk("xvdb", byForce: true)
                try await domain.wait(for: "vbd 51728: left\n")
                try await domain.attach(disk(domain, "again"))
                try await wait(for: "vbd 51728: connected 1, 8192", times: 2, in: domain)
            }
        }

        /// The driver of the backend is taken from the device and put there again, as when its
        /// module is replaced: it begins anew without a word.
        @Test(arguments: modes)
        func `a backend that dies and comes back is connected to again`(
            mode: BootMode
        ) async throws {
            _ = try await serve(in: mode) { domain in
                try await domain.attach(disk(domain, "reborn"))
                try await domain.wait(for: "vbd 51728: connected 1")
                let device = "vbd-\(try #require(domain.domainID))-51728"
                let result = try await domain.rig.run(
                    """
                    cd /sys/bus/xen-backend/drivers/vbd || exit 1
                    echo \(device) >unbind && sleep 1 && echo \(device) >bind
                    """)
                #expect(result.succeeded, "\(result.output)")
                try await wait(for: "8192 sectors\n", times: 2, in: domain)
                #expect(try await backendState(domain, "vbd/51728") == "4")
            }
        }

        @Test(arguments: modes)
        func `devices that were there at the start are served`(mode: BootMode) async throws {
            try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: mode)
                let path = try await rig.makeDisk(named: "cold", mebibytes: 4)
                let domain = try await Domain.probe(["devices"], mode) {
                    $0.disks = [Disk(path: path, device: "xvda")]
                    $0.networkCards = [NetworkCard()]
                }
                try await domain.wait(for: "vbd 51712: connected 1, 8192 sectors\n")
                try await domain.wait(for: "vif 0: connected 1,")
                try await domain.send(line: "quit")
                Domain.expectSuccess(try await domain.waitForEnd())
            }
        }
    }
}
