// From a backend's keys to what is published.

import TCPIP
import Testing
import XenBus

@testable import NetFront

struct NetworkTermsTests {
    private func terms(
        _ keys: [String: String], _ change: (inout NetFrontOptions) -> Void = { _ in }
    ) throws(DeviceFault) -> NetworkTerms {
        var options = NetFrontOptions()
        change(&options)
        var all = ["feature-rx-copy": "1"]
        for (key, value) in keys { all[key] = value }
        return try NetworkTerms(BackendKeys(all.map { ($0.key, $0.value) }), wishes: options)
    }

    @Test func `a backend without features gets plain packets, with checksums of IPv4 left out`()
        throws
    {
        let terms = try terms([:])
        #expect(terms.transmit == [.checksumIPv4])
        #expect(terms.queueCount == 1)
        #expect(!terms.splitsEventChannels && !terms.hasControlRing)
        #expect(terms.multicastFilter == .none)
        #expect(try self.terms(["feature-no-csum-offload": "1"]).transmit == [])
    }

    @Test func `segmentation needs parts and checksums`() throws {
        let all = [
            "feature-sg": "1", "feature-gso-tcpv4": "1", "feature-gso-tcpv6": "1",
            "feature-ipv6-csum-offload": "1",
        ]
        #expect(try terms(all).transmit == .all)
        for (missing, expected) in [
            ("feature-sg", [.checksumIPv4, .checksumIPv6]),
            ("feature-ipv6-csum-offload", [.scatterGather, .checksumIPv4, .segmentationIPv4]),
        ] as [(String, NetFrontFeatures)] {
            #expect(try terms(all.merging([missing: "0"]) { $1 }).transmit == expected)
        }
    }

    @Test(arguments: ["", "0", "-1", "65", "4294967297", "two", "1 "])
    func `a number of queues that makes no sense is one`(text: String) throws {
        #expect(
            try terms(["multi-queue-max-queues": text]) { $0.queueCount = 8 }.queueCount == 1)
        #expect(try terms(["multi-queue-max-queues": "3"]) { $0.queueCount = 8 }.queueCount == 3)
    }

    @Test func `a backend that does not copy is refused`() {
        #expect(throws: DeviceFault.self) { _ = try terms(["feature-rx-copy": "0"]) }
    }

    @Test func `the keys of several queues are in directories, those of one are not`() throws {
        let references = QueueReferences(
            transmitRing: 8, receiveRing: 9, transmitPort: 3, receivePort: 4)
        let keys = ["multi-queue-max-queues": "4", "feature-split-event-channels": "1"]
        let one = references.keys(queue: 0, of: try terms(keys))
        #expect(
            one.map(\.name) == [
                "tx-ring-ref", "rx-ring-ref", "event-channel-tx", "event-channel-rx",
            ])
        let two = try terms(keys) { $0.queueCount = 2 }
        #expect(
            references.keys(queue: 1, of: two)[3] == PublishedKey("queue-1/event-channel-rx", 4))
        #expect(two.featureKeys.contains(PublishedKey("multi-queue-num-queues", 2)))
        let joint = try terms(keys) { $0.splitsEventChannels = false }
        #expect(references.keys(queue: 0, of: joint)[2] == PublishedKey("event-channel", 3))
    }

    @Test func `what is not to be received is told`() throws {
        let keys = try terms([:]) {
            $0.receive = [.scatterGather, .checksumIPv4, .segmentationIPv4]
            $0.prefixesSegmentation = true
        }.featureKeys
        for (name, value) in [
            ("feature-sg", "1"), ("feature-no-csum-offload", "0"),
            ("feature-ipv6-csum-offload", "0"),
            ("feature-gso-tcpv4", "0"), ("feature-gso-tcpv4-prefix", "1"),
            ("feature-gso-tcpv6-prefix", "0"), ("request-rx-copy", "1"), ("feature-rx-notify", "1"),
        ] {
            #expect(keys.contains(PublishedKey(name, value)), "\(name)")
        }
    }
}
