// Network cards on Linux's netback: pings of every size, features on and off, and cards that go.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Network {
        private static let modes = [BootMode.pv, .pvh]

        /// A probe with a card, dom0's address in its network, and the probe's end.
        private func serve(
            _ network: Int, _ arguments: [String] = [], in mode: BootMode, cards: Int = 1,
            _ script: @Sendable (RunningDomain) async throws -> Void
        ) async throws -> String {
            let end = try await Stage.ordinary.run {
                let words = ["network", "address=10.\(network).0.2/24"] + arguments
                let domain = try await Domain.probe(words, mode) {
                    $0.networkCards = (0..<cards).map { _ in NetworkCard() }
                }
                try await domain.wait(for: "vif \(cards - 1) up")
                for card in 0..<cards {
                    let address = "10.\(network).\(card).1/24"
                    _ = try await domain.rig.run("ip addr add \(address) dev xenbr0")
                }
                try await script(domain)
                try await domain.send(line: "quit")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
            #expect(end.console.contains("network: all pages are back\n"), "\(end.console)")
            #expect(!end.console.contains("faults 1"), "\(end.console)")
            return end.console
        }

        private func ping(
            _ domain: RunningDomain, _ address: String, _ options: String = "-c 3"
        ) async throws {
            let result = try await domain.rig.run("busybox ping -W 20 \(options) \(address)")
            #expect(result.output.contains(" 0% packet loss"), "\(address): \(result.output)")
        }

        @Test(arguments: modes)
        func `pings are answered, fragments and IPv6 as well`(mode: BootMode) async throws {
            let network = mode == .pv ? 101 : 102
            let console = try await serve(network, in: mode) { domain in
                let address = "10.\(network).0.2"
                try await ping(domain, address)
                try await ping(domain, address, "-c 3 -s 1472")
                try await ping(domain, address, "-c 3 -s 65000")
                let own = try await linkLocalAddress(of: domain)
                try await ping(domain, "\(own)%xenbr0", "-6 -c 3")
                try await ping(domain, "\(own)%xenbr0", "-6 -c 2 -s 30000")
            }
            #expect(console.contains("flaws 0 overruns 0 unsendable 0 faults 0"), "\(console)")
        }

        private func linkLocalAddress(of domain: RunningDomain) async throws -> String {
            let words = "network: vif 0 has fe80:"
            try await domain.wait(for: words)
            let line = domain.console.split(separator: "\n").first { $0.contains(words) }
            return String(try #require(line?.split(separator: " ").last))
        }

        @Test(arguments: modes, [["plain=1"], ["queues=2"], ["lend=each"]])
        func `cards work with features turned off or on`(
            mode: BootMode, arguments: [String]
        ) async throws {
            let kind = arguments[0] == "plain=1" ? 0 : arguments[0] == "queues=2" ? 1 : 2
            let network = 110 + kind * 2 + (mode == .pv ? 0 : 1)
            let console = try await serve(network, arguments, in: mode) { domain in
                try await ping(domain, "10.\(network).0.2", "-c 5 -s 1000")
                try await ping(domain, "10.\(network).0.2", "-c 2 -s 20000")
            }
            if kind == 1 { #expect(console.contains(", 2 queues,"), "\(console)") }
        }

        @Test(arguments: modes)
        func `two cards are two interfaces`(mode: BootMode) async throws {
            let network = mode == .pv ? 120 : 121
            _ = try await serve(network, in: mode, cards: 2) { domain in
                try await ping(domain, "10.\(network).0.2")
                try await ping(domain, "10.\(network).1.2")
            }
        }

        @Test(arguments: modes)
        func `a card is taken away under load, and another serves as well`(
            mode: BootMode
        ) async throws {
            let network = mode == .pv ? 130 : 131
            let rounds = Thoroughness.rounds(everyday: 2, thorough: 50)
            _ = try await serve(network, in: mode) { domain in
                for round in 1...rounds {
                    let address = "10.\(network).\(round - 1).2"
                    _ = try await domain.rig.run(
                        "busybox ping -q -i 0.01 -s 1400 \(address) >/dev/null 2>&1 & echo $! >/tmp/ping\(network)"
                    )
                    try await domain.detachNetworkCard("0")
                    try await wait(for: "network: vif 0 left\n", times: round, in: domain)
                    _ = try await domain.rig.run("kill $(cat /tmp/ping\(network))")
                    try await domain.attach(NetworkCard())
                    try await wait(for: "network: vif 0 up", times: round + 1, in: domain)
                    let own = "10.\(network).\(round).1/24"
                    _ = try await domain.rig.run("ip addr add \(own) dev xenbr0")
                    try await ping(domain, "10.\(network).\(round).2")
                }
            }
        }

        @Test(arguments: modes)
        func `a backend that dies and comes back is connected to again`(
            mode: BootMode
        ) async throws {
            let network = mode == .pv ? 140 : 141
            _ = try await serve(network, in: mode) { domain in
                let device = "vif-\(try #require(domain.domainID))-0"
                let result = try await domain.rig.run(
                    """
                    cd /sys/bus/xen-backend/drivers/vif || exit 1
                    echo \(device) >unbind && sleep 1 && echo \(device) >bind
                    """)
                #expect(result.succeeded, "\(result.output)")
                try await wait(for: "network: vif 0 up", times: 2, in: domain)
                try await ping(domain, "10.\(network).0.2")
            }
        }

        private func wait(for line: String, times: Int, in domain: RunningDomain) async throws {
            for _ in 0..<600 {
                if domain.console.components(separatedBy: line).count > times { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            Issue.record("no \(times) times \(line): \(domain.console)")
        }
    }
}
