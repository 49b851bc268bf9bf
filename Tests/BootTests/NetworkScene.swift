// A guest with network cards, and dom0 in the same network.

import Foundation
import Testing
import XenRig

/// A probe that serves network cards; its networks are its own.
struct NetworkScene: Sendable {
    let domain: RunningDomain
    /// The second number of its addresses.
    let network: Int
    private let bridges: [String]

    private init(domain: RunningDomain, network: Int, bridges: [String]) {
        self.domain = domain
        self.network = network
        self.bridges = bridges
    }

    /// Another guest of the same networks.
    init(of domain: RunningDomain, in scene: NetworkScene) {
        self.init(domain: domain, network: scene.network, bridges: scene.bridges)
    }

    /// Numbers of networks: each is used once in a process.
    private static let numbers = Numbers()

    private actor Numbers {
        private var last = 99
        func next() -> Int {
            last += 1
            return last
        }
    }

    /// A probe from its start to its regular end, all of whose pages are back.
    ///
    /// - Parameter settles: whether its addresses are those that it is told.
    /// - Returns: its console.
    static func serve(
        _ arguments: [String] = [], in mode: BootMode, flavour: Flavour = .standard,
        cards: [NetworkCard] = [NetworkCard()], settles: Bool = true,
        _ script: @Sendable (NetworkScene) async throws -> Void
    ) async throws -> String {
        let end = try await Stage.ordinary.run {
            let network = await numbers.next()
            let words = ["network", "address=10.\(network).0.2/24"] + arguments
            let rig = try await Machine.rig(for: mode, flavour: flavour)
            let domain = try await Domain.probe(words, mode, on: rig) { $0.networkCards = cards }
            let scene = NetworkScene(
                domain: domain, network: network, bridges: cards.map(\.bridge))
            for card in cards.indices {
                try await domain.wait(for: "network: vif \(card) up")
                if settles { try await scene.settle(card: card) }
            }
            try await script(scene)
            try await domain.send(line: "quit")
            return try await domain.waitForEnd()
        }
        Domain.expectSuccess(end)
        #expect(end.console.contains("network: all pages are back\n"), "\(end.console)")
        #expect(end.console.contains(" faults 0 "), "\(end.console)")
        #expect(!end.console.contains(" faults 1 "), "\(end.console)")
        return end.console
    }

    /// The guest's address by its card that came as number `card`.
    func address(ofCard card: Int) -> String { "10.\(network).\(card).2" }

    /// dom0's in the same network.
    func ownAddress(ofCard card: Int) -> String { "10.\(network).\(card).1" }

    /// The card's other end in dom0.
    func interface(ofCard card: Int) throws -> String {
        "vif\(try #require(domain.domainID)).\(card)"
    }

    /// Waits until the guest uses its address for a card, with dom0 in the same network.
    func settle(card: Int) async throws {
        let bridge = bridges[min(card, bridges.count - 1)]
        try await run("ip addr replace \(ownAddress(ofCard: card))/24 dev \(bridge)")
        try await domain.wait(for: "has \(address(ofCard: card))\n")
    }

    /// Puts the card's new interface where the toolstack's script has put the one before.
    func rejoin(card: Int) async throws {
        let name = try interface(ofCard: card)
        let bridge = bridges[min(card, bridges.count - 1)]
        let result = try await run(
            """
            for attempt in $(seq 600); do
                ip link set \(name) master \(bridge) 2>/dev/null && break
                usleep 50000
            done
            ip link set \(name) up
            """)
        #expect(result.succeeded, "\(result.output)")
    }

    /// The guest's own address of its first link.
    func linkLocalAddress() async throws -> String {
        let words = "network: vif 0 has fe80:"
        try await domain.wait(for: words)
        let line = domain.console.split(separator: "\n").first { $0.contains(words) }
        return String(try #require(line?.split(separator: " ").last))
    }

    @discardableResult
    func run(_ script: String) async throws -> CommandResult {
        try await domain.rig.run(script, timeout: .seconds(300))
    }

    /// Every ping is answered.
    func ping(_ address: String, _ options: String) async throws {
        let result = try await run("busybox ping -W 30 \(options) \(address)")
        #expect(result.output.contains(" 0% packet loss"), "\(address): \(result.output)")
    }

    func arping(_ address: String) async throws -> CommandResult {
        try await run("busybox arping -c 2 -w 10 -I xenbr0 \(address)")
    }

    /// A datagram of random bytes comes back as it was sent.
    func echo(_ address: String, byteCount: Int, version: Int = 4) async throws {
        let name = "/tmp/echo-\(network)-\(byteCount)"
        let result = try await run(
            """
            dd if=/dev/urandom of=\(name) bs=\(byteCount) count=1 2>/dev/null
            socat -b 65536 -t 30 -T 30 - 'UDP\(version)-DATAGRAM:\(target(address, version)):7' \\
                <\(name) >\(name).back &
            for attempt in $(seq 600); do
                [ "$(stat -c %s \(name).back 2>/dev/null)" = \(byteCount) ] && break
                usleep 50000
            done
            kill $! 2>/dev/null
            cmp \(name) \(name).back
            status=$?
            rm -f \(name) \(name).back
            exit $status
            """)
        #expect(result.succeeded, "\(byteCount) bytes: \(result.output)")
    }

    private func target(_ address: String, _ version: Int) -> String {
        version == 6 ? "[\(address)]" : address
    }

    /// The guest does what it is told, and hears so many answers.
    func order(_ line: String, answered times: Int) async throws {
        let words = line.split(separator: " ")
        let said = "network: \(words[1]) answered "
        let before = domain.console.components(separatedBy: said).count
        try await domain.send(line: line)
        try await wait(for: said, times: before)
        let answer = domain.console.split(separator: "\n").last { $0.hasPrefix(said) } ?? ""
        let expected = "\(said)\(times) of \(words[3]), \(words[2]) bytes"
        #expect(answer == expected, "\(domain.console)")
    }

    /// Waits until the console has the words so many times.
    func wait(for words: String, times: Int) async throws {
        for _ in 0..<2400 {
            if domain.console.components(separatedBy: words).count > times { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no \(times) times \(words): \(domain.console)")
    }
}
