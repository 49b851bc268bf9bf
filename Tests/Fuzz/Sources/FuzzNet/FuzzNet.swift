// A backend of a network card that says anything: keys, slots, indexes.

import TCPIP
import XenBus
import XenTypes

@testable import NetFront

/// What libFuzzer calls with each input: which machine, then steps, each a byte and what it needs.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = Input(Array(UnsafeBufferPointer(start: start, count: count)))
    let memory = Memory.shared
    memory.reset()
    switch input.byte() % 4 {
    case 0: readKeys(&input)
    case 1: transmit(&input, memory)
    default: receive(&input, memory)
    }
    precondition(memory.pool.availableCount == memory.pool.pageCount, "pages are missing")
    return 0
}

/// The fuzzer's bytes, one after the other; zeros behind their end.
struct Input {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func word() -> UInt32 {
        (0..<4).reduce(0) { word, shift in word | UInt32(byte()) << UInt32(8 * shift) }
    }

    mutating func text() -> String {
        let count = Int(byte() % 24)
        return String(decoding: (0..<count).map { _ in byte() }, as: UTF8.self)
    }
}

/// A ring's page and a pool, for all inputs.
final class Memory: @unchecked Sendable {
    // Unchecked: the fuzzer has one thread.

    static let shared = Memory()
    let ring = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
    let pool = PacketPool(capacity: 96)

    private init() {
        for _ in 0..<96 {
            pool.add(page: UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096))
        }
    }

    func reset() { ring.initializeMemory(as: UInt8.self, repeating: 0, count: 4096) }

    /// Writes what a backend might: slots, and its index, which is near the truth more often.
    func scribble(_ input: inout Input, slotByteCount: Int) {
        let produced = ring.load(fromByteOffset: 8, as: UInt32.self)
        for _ in 0..<Int(input.byte() % 8) {
            let place = 64 + Int(input.byte()) * slotByteCount
            for offset in 0..<slotByteCount {
                ring.storeBytes(of: input.byte(), toByteOffset: place + offset, as: UInt8.self)
            }
        }
        let index = input.byte()
        let next = index < 240 ? produced &+ UInt32(index % 16) : input.word()
        ring.storeBytes(of: next, toByteOffset: 8, as: UInt32.self)
        ring.storeBytes(of: input.word(), toByteOffset: 4, as: UInt32.self)
    }
}

private func reference(_ part: PacketFragment) -> GrantReference? {
    GrantReference(rawValue: UInt32(part.bufferIndex) + 8)
}

private func readKeys(_ input: inout Input) {
    let names = [
        "feature-rx-copy", "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
        "feature-no-csum-offload", "feature-ipv6-csum-offload", "feature-split-event-channels",
        "multi-queue-max-queues", "feature-multicast-control", "feature-ctrl-ring", "mac",
        "feature-dynamic-multicast-control",
    ]
    var options = NetFrontOptions()
    options.queueCount = Int(input.byte()) - 100
    options.transmit = NetFrontFeatures(rawValue: input.byte())
    options.receive = NetFrontFeatures(rawValue: input.byte())
    options.prefixesSegmentation = input.byte() % 2 == 0
    var pairs: [(String, String)] = []
    for name in names {
        let kind = input.byte()
        pairs.append((name, kind < 128 ? "1" : kind < 200 ? input.text() : String(input.word())))
    }
    let keys = BackendKeys(pairs.map { (key: $0.0, value: $0.1) })
    do throws(DeviceFault) {
        let words = InterfaceIdentity.Words(
            macAddress: input.text(), mtu: input.text(), trusted: input.text())
        if let identity = try? InterfaceIdentity(words, backend: keys) {
            precondition(identity.macAddress.isUnicast && 68...65_517 ~= identity.mtu)
        }
        let terms = try NetworkTerms(keys, wishes: options)
        precondition(1...64 ~= terms.queueCount, "a number of queues that cannot be")
        precondition(
            terms.transmit.contains(.scatterGather)
                || terms.transmit.isDisjoint(with: [.segmentationIPv4, .segmentationIPv6]),
            "segmentation without parts")
        precondition(Set(terms.featureKeys.map(\.name)).count == terms.featureKeys.count)
    } catch {
        precondition(!keys.flag("feature-rx-copy"), "refused for no reason")
    }
}

private func transmit(_ input: inout Input, _ memory: Memory) {
    let features = NetFrontFeatures(rawValue: input.byte()).consistent
    var machine = TransmitMachine(
        page: memory.ring, features: features, startingAt: input.word())
    for _ in 0..<200 where !input.isEmpty {
        guard let packet = makePacket(&input, memory.pool) else { break }
        // What is refused ends here.
        _ = machine.put(packet, reference: reference)
        if input.byte() % 8 == 0 { _ = machine.put(.broadcast, isWanted: true) }
        _ = machine.push()
        memory.scribble(&input, slotByteCount: 12)
        do throws(NetworkFault) {
            _ = try machine.reap(completed: { _ in }, refused: {})
            _ = try machine.askForEvent(after: Int(input.byte()))
        } catch {
            break
        }
        precondition(machine.openCount <= 256, "more slots than there are")
    }
}

private func makePacket(_ input: inout Input, _ pool: PacketPool) -> Packet? {
    guard var packet = pool.makePacket() else { return nil }
    packet.extend(Int(input.byte()) * 4)
    for _ in 0..<Int(input.byte() % 4) {
        guard var part = pool.makePacket() else { break }
        part.extend(Int(input.byte()))
        packet.append(part)
    }
    packet.metadata = PacketMetadata(
        checksum: ChecksumState(rawValue: input.byte() % 3) ?? .inPacket,
        segmentation: SegmentationKind(rawValue: input.byte() % 3) ?? .none,
        segmentByteCount: UInt16(input.byte()))
    return packet
}

private func receive(_ input: inout Input, _ memory: Memory) {
    let flags = input.byte()
    var machine = ReceiveMachine(
        page: memory.ring, features: .all, hasPrefix: flags % 2 == 0, startingAt: input.word())
    machine.stock(Int(flags % 64) + 1, from: memory.pool)
    _ = machine.refill(reference: reference)
    let count = machine.openCount
    var statistics = NetFrontStatistics()
    for _ in 0..<200 where !input.isEmpty {
        memory.scribble(&input, slotByteCount: 8)
        var packets = PacketQueue()
        do throws(NetworkFault) {
            _ = try machine.receive(
                atMost: Int(input.byte()), into: &packets, from: memory.pool,
                counting: &statistics
            ) { _ in true }
        } catch {
            break
        }
        while let packet = packets.popFirst() {
            precondition(14...65_553 ~= packet.count, "a packet of an impossible size")
            precondition(packet.fragmentCount <= 40, "a packet of too many parts")
        }
        _ = machine.refill(reference: reference)
        precondition(machine.openCount == count, "the ring runs dry")
    }
}
