// What a backend's keys come to, with any part turned off.

import BlockDevices
import Testing
import XenBus

@testable import BlockFront

@Suite struct NegotiationTests {
    private static let blkback: [(key: String, value: String)] = [
        ("max-ring-page-order", "4"), ("multi-queue-max-queues", "2"),
        ("feature-max-indirect-segments", "256"), ("feature-persistent", "1"),
        ("feature-flush-cache", "1"), ("feature-barrier", "1"), ("feature-discard", "1"),
        ("discard-granularity", "4096"), ("discard-alignment", "512"), ("discard-secure", "0"),
        ("sectors", "2048"), ("sector-size", "512"), ("physical-sector-size", "4096"),
        ("info", "0"), ("mode", "w"),
    ]

    private func offer(
        _ changes: [String: String?] = [:], _ options: DiskOptions = DiskOptions()
    ) throws -> BackendOffer {
        var pairs = Self.blkback.filter { changes[$0.key] == nil }
        for (key, value) in changes { if let value { pairs.append((key, value)) } }
        return try BackendOffer(BackendKeys(pairs), options)
    }

    @Test func `blkback's keys are all made use of`() throws {
        var options = DiskOptions()
        options.usesPersistentGrants = true
        let offer = try offer([:], options)
        #expect(offer.geometry.sectorCount == 2048)
        #expect(offer.geometry.physicalSectorByteCount == 4096)
        #expect(offer.geometry.features == [.flush, .discard])
        #expect(offer.geometry.discardGranularity == 8)
        #expect(offer.geometry.discardAlignment == 1)
        #expect(offer.flush == .flush)
        #expect(offer.segmentLimit == 64)
        #expect(offer.isPersistent)
    }

    @Test func `each part can be turned off`() throws {
        var options = DiskOptions()
        options.usesFlush = false
        #expect(try offer([:], options).flush == .barrier)
        options.usesBarrier = false
        #expect(try offer([:], options).flush == .none)
        #expect(try !offer([:], options).geometry.features.contains(.flush))
        options.indirectSegmentLimit = 0
        #expect(try offer([:], options).segmentLimit == 11)
        options.usesDiscard = false
        #expect(try offer([:], options).geometry.features == [])
        #expect(try !offer([:], options).isPersistent)
        options.ringPageOrderLimit = 0
        options.queueCount = 1
        #expect(Transport(BackendKeys(Self.blkback), options).ringPageCount == 1)
    }

    @Test func `a backend without keys has a ring of one page and nothing else`() throws {
        let keys = BackendKeys([("sectors", "8")])
        let transport = Transport(keys, DiskOptions())
        #expect(transport.ringPageCount == 1)
        #expect(transport.queueCount == 1)
        let offer = try BackendOffer(keys, DiskOptions())
        #expect(offer.geometry == BlockGeometry(sectorCount: 8))
        #expect(offer.segmentLimit == 11)
    }

    @Test func `sectors on the wire are of 512 bytes whatever the disk's are`() throws {
        let offer = try offer([
            "sector-size": "4096", "discard-granularity": "512", "discard-alignment": "0",
        ])
        #expect(offer.geometry.sectorByteCount == 4096)
        #expect(offer.geometry.sectorCount == 256)
        #expect(offer.geometry.discardGranularity == 1)
    }

    @Test(
        arguments: [
            ["sectors": nil], ["sectors": "-1"], ["sectors": "18446744073709551615"],
            ["sector-size": "0"], ["sector-size": "513"], ["sector-size": "8192"],
            ["sector-size": "4096", "sectors": "2047"],
        ] as [[String: String?]])
    func `keys that mean nothing are a flaw`(changes: [String: String?]) {
        #expect(throws: BackendOffer.Flaw.self) { try offer(changes) }
    }

    @Test func `a disk is read-only by its flags or its mode`() throws {
        #expect(try offer(["info": "4"]).geometry.isReadOnly)
        #expect(try offer(["mode": "r"]).geometry.isReadOnly)
        let drive = try offer(["info": "5", "sectors": "0"]).geometry
        #expect(drive.isReadOnly && drive.features.contains(.removable))
        #expect(throws: BlockError.noMedium) { try drive.check(0, byteCount: 512) }
        #expect(try !offer().geometry.isReadOnly)
    }

    @Test func `keys of one ring, of a larger one, and of several`() {
        var options = DiskOptions()
        options.queueCount = 2
        let transport = Transport(BackendKeys(Self.blkback), options)
        #expect(transport.ringPageCount == 4)
        #expect(transport.queueCount == 2)
        let keys = options.keys(transport, rings: [([1, 2, 3, 4], 5), ([6, 7, 8, 9], 10)])
        let names = Set(keys.map { "\($0.name)=\($0.value)" })
        #expect(
            names.isSuperset(of: [
                "ring-page-order=2", "num-ring-pages=4", "multi-queue-num-queues=2",
                "queue-0/ring-ref0=1", "queue-1/ring-ref3=9", "queue-1/event-channel=10",
            ]))
        options.ringPageOrderLimit = 0
        let one = options.keys(
            Transport(BackendKeys([]), options), rings: [([7], 8)]
        ).map { "\($0.name)=\($0.value)" }
        #expect(one.contains("ring-ref=7") && one.contains("event-channel=8"))
        #expect(!one.contains { $0.hasPrefix("ring-page-order") || $0.hasPrefix("multi") })
    }

    @Test(
        arguments: [
            ("xvda", 51712), ("xvdb", 51728), ("xvdp1", 51953), ("xvdq", 1 << 28 | 16 << 8),
            ("xvdaa", 1 << 28 | 26 << 8), ("sda", 2048), ("sdb1", 2065), ("hda", 768),
            ("hdb", 832), ("hdc", 5632),
        ] as [(String, UInt32)])
    func `a name of the configuration is a number in the store`(name: String, number: UInt32) {
        #expect(DiskName(name)?.number == number)
    }

    @Test(arguments: ["", "xvd", "xvd1", "vda", "xvdA", "sdq", "hde", "xvda01", "xvda-1", "xvda1b"])
    func `what is no name is none`(name: String) {
        #expect(DiskName(name) == nil)
    }

    @Test func `only whole units are discarded`() {
        let geometry = BlockGeometry(
            sectorCount: 1000, discardGranularity: 8, discardAlignment: 3)
        #expect(geometry.wholeUnits(in: 0..<1000) == 3..<995)
        #expect(geometry.wholeUnits(in: 3..<11) == 3..<11)
        #expect(geometry.wholeUnits(in: 4..<18).isEmpty)
        #expect(geometry.wholeUnits(in: 0..<2).isEmpty)
        for first in UInt64(0)...30 {
            for last in first...40 {
                let whole = geometry.wholeUnits(in: first..<last)
                #expect(whole.isEmpty || whole.lowerBound >= first && whole.upperBound <= last)
            }
        }
    }
}
