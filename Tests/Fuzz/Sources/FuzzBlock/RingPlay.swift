// A disk's engine on a model of Xen; the fuzzer is the application and the backend.

import BlockDevices
import CXen
import Hypercalls
import ModelXen
import Simulation
import XenBus

@testable import BlockFront

/// One domain, one engine, and rings that come and go.
final class RingPlay: @unchecked Sendable {
    // Unchecked: a simulated guest runs on one thread.

    private let domain = SimulatedDomain(seed: 1)
    private let engine: DiskEngine
    private let bytes: [UInt8]
    private var position = 0
    private var memory: UnsafeMutableRawPointer?
    private var hoard: [ModelPeerMapping] = []
    private var tasks: [Task<Void, Never>] = []
    private var endedCount = 0

    private var peer: ModelPeer { domain.xen.peer(.control) }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var options = DiskOptions()
        options.requestLimit = 16
        engine = DiskEngine(domain.platform, options)
    }

    private func byte() -> UInt8 {
        defer { position += 1 }
        return position < bytes.count ? bytes[position] : 0
    }

    func run() {
        connect()
        while position < bytes.count {
            step()
            domain.guest.settle()
        }
        for mapping in hoard { peer.unmap(mapping) }
        engine.stop()
        engine.disconnect()
        engine.fail(as: .over)
        domain.guest.settle()
        precondition(endedCount == tasks.count, "a request never ended")
        precondition(engine.table.count == 0, "an operation is left")
        peer.unmapAll()
        domain.grants.retryQuarantine(limit: .max)
        let remains = domain.remains()
        precondition(remains.isEmpty, "\(remains)")
    }

    private func step() {
        switch byte() % 10 {
        case 0, 1: submit()
        case 2: if let task = tasks.randomElement(at: byte()) { task.cancel() }
        case 3: answer()
        case 4: scribble(at: 64 + Int(byte()) * 16, count: 16)
        case 5: scribble(at: Int(byte() % 4) * 4, count: 4)
        case 6: memory?.storeBytes(of: UInt32(byte()), toByteOffset: 8, as: UInt32.self)
        case 7: hold()
        case 8: if !hoard.isEmpty { peer.unmap(hoard.removeFirst()) }
        default:
            engine.stop()
            engine.disconnect()
            connect()
        }
        for ring in engine.rings { engine.handleEvent(of: ring) }
    }

    private func connect() {
        let flags = byte()
        guard
            let ring = BlockRing.make(
                domain.platform, peer: .control, pageCount: 1,
                firstIndex: flags & 1 == 0 ? 0 : .max - 3),
            let offer = try? BackendOffer(
                BackendKeys([
                    (key: "sectors", value: "65536"), (key: "feature-flush-cache", value: "1"),
                    (key: "feature-discard", value: "1"),
                    (key: "feature-max-indirect-segments", value: flags & 2 == 0 ? "0" : "32"),
                ]), engine.options)
        else { return }
        memory = ring.memory
        let keeper = flags & 4 == 0 ? nil : LeaseKeeper(domain.platform, peer: .control, limit: 8)
        engine.connect([ring], offer, keeper: keeper)
    }

    private func submit() {
        let (kind, count, place) = (byte(), Int(byte() % 80), UInt64(byte()))
        let pages = domain.pages
        tasks.append(
            domain.guest.spawn { [self] in
                let pageCount = count / 8 + 1
                guard let start = pages.take(pageCount) else { return }
                let buffer = PageBuffer(adopting: start, pageCount: pageCount) {
                    pages.give(back: start, pageCount)
                }
                do throws(BlockError) {
                    switch kind % 4 {
                    case 0: try await engine.transfer(.write, at: place, buffer[0..<count * 512])
                    case 1: try await engine.command(.flush)
                    case 2: try await engine.command(.discard, place..<place + 8)
                    default: try await engine.transfer(.read, at: place, buffer[0..<count * 512])
                    }
                } catch {}
                endedCount += 1
            })
    }

    private func scribble(at offset: Int, count: Int) {
        guard let memory else { return }
        for index in 0..<count where offset + index < 4096 {
            memory.storeBytes(of: byte(), toByteOffset: offset + index, as: UInt8.self)
        }
    }

    /// A proper response to what is in the slot of the next one.
    private func answer() {
        guard let memory else { return }
        let index = memory.load(fromByteOffset: 8, as: UInt32.self)
        let slot = memory + 64 + Int(index % 32) * MemoryLayout<blkif_request>.stride
        let request = slot.loadUnaligned(as: blkif_request.self)
        slot.storeBytes(
            of: blkif_response(id: request.id, operation: request.operation, status: 0),
            as: blkif_response.self)
        memory.storeBytes(of: index &+ 1, toByteOffset: 8, as: UInt32.self)
    }

    /// Maps what some request names, and keeps it.
    private func hold() {
        guard let memory, hoard.count < 8 else { return }
        let slot = memory + 64 + Int(byte() % 32) * MemoryLayout<blkif_request>.stride
        let reference = GrantReference(
            rawValue: slot.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
        if let mapping = try? peer.map(reference, writable: false) { hoard.append(mapping) }
    }
}

extension Array {
    /// The element that a byte says.
    fileprivate func randomElement(at byte: UInt8) -> Element? {
        isEmpty ? nil : self[Int(byte) % count]
    }
}
