// What a stack does with an interface: it takes all frames, and sends what it is given.

import ModelBackends
import NetFront
import Platform
import TCPIP

/// Counts and keeps frames of any number of interfaces.
final class TestStack: @unchecked Sendable {
    // Unchecked: a simulated guest runs on one thread.

    /// One interface, and what there is to be sent by it.
    final class Port: @unchecked Sendable {
        let interface: VirtualInterface
        var queue = PacketQueue()
        var events: [TCPIP.DeviceEvent] = []
        /// States of the link, as the stack heard of them.
        var links: [Bool] = []
        var isGone = false
        var isMuted = false

        init(_ interface: VirtualInterface) { self.interface = interface }
    }

    let pool: PacketPool
    private let platform: DevicePlatform
    private var pages: [UnsafeMutableRawPointer] = []
    private(set) var ports: [Port] = []
    /// Frames that came, if they are to be kept.
    var frames: [ModelFrame] = []
    var receivedCount = 0
    /// Called with each packet that came, by the interface's place.
    var onPacket: ((Int, consuming Packet) -> Void)?
    /// Packets that are taken at a time.
    var batch = 32

    init(_ platform: DevicePlatform, pageCount: Int) {
        self.platform = platform
        pool = PacketPool(capacity: pageCount)
        for _ in 0..<pageCount {
            guard let page = platform.takePages(1) else { break }
            pages.append(page)
            pool.add(page: page)
        }
    }

    /// Gives the pages back; all packets have ended.
    func free() {
        for page in pages { platform.freePages(page, count: 1) }
        pages = []
    }

    func add(_ interface: VirtualInterface) {
        let port = Port(interface)
        let number = ports.count
        ports.append(port)
        interface.onEvent = { [unowned self] event in take(event, number) }
        interface.start()
    }

    private func take(_ event: TCPIP.DeviceEvent, _ number: Int) {
        let port = ports[number]
        port.events.append(event)
        if event.contains(.changed) { port.links.append(port.interface.properties.isLinkUp) }
        if event.contains(.departed) {
            port.isGone = true
            port.queue.removeAll()
        }
        if event.contains(.received), !port.isMuted { receive(number) }
        if event.contains(.hasRoom) || event.contains(.changed) { flush(number) }
    }

    func receive(_ number: Int) {
        var packets = PacketQueue()
        repeat {
            ports[number].interface.receive(atMost: batch, into: &packets)
            guard !packets.isEmpty else { return }
            while let packet = packets.popFirst() {
                receivedCount += 1
                if let onPacket { onPacket(number, packet) } else { frames.append(read(packet)) }
            }
        } while true
    }

    func read(_ packet: borrowing Packet) -> ModelFrame {
        var bytes = [UInt8](repeating: 0, count: packet.count)
        let count = bytes.withUnsafeMutableBytes { packet.copyBytes(from: 0, to: $0) }
        precondition(count == packet.count, "a packet has fewer bytes than it says")
        var frame = ModelFrame(bytes)
        frame.isBlank = packet.metadata.checksum == .blank
        frame.isValidated = packet.metadata.checksum == .validated
        frame.segmentation = UInt8(packet.metadata.segmentation == .tcp4 ? 1 : 0)
        if packet.metadata.segmentation == .tcp6 { frame.segmentation = 2 }
        frame.segmentByteCount = packet.metadata.segmentByteCount
        return frame
    }

    /// A packet with these bytes, in parts of so many; nil without pages.
    func makePacket(_ frame: ModelFrame, partByteCount: Int = 3900) -> Packet? {
        var whole: Packet?
        var offset = 0
        repeat {
            guard var part = pool.makePacket() else { return nil }
            let count = min(partByteCount, frame.bytes.count - offset)
            part.extend(count)
            let start = part.firstFragment
            frame.bytes[offset..<(offset + count)].withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                (start.page + start.offset).copyMemory(from: base, byteCount: count)
            }
            offset += count
            if var chain = whole.take() {
                chain.append(part)
                whole = consume chain
            } else {
                part.metadata = PacketMetadata(
                    checksum: frame.isBlank ? .blank : frame.isValidated ? .validated : .inPacket,
                    segmentation: frame.segmentation == 1
                        ? .tcp4 : frame.segmentation == 2 ? .tcp6 : .none,
                    segmentByteCount: frame.segmentByteCount)
                whole = consume part
            }
        } while offset < frame.bytes.count
        return whole
    }

    /// Sends a frame, or keeps it until there is room. False without pages for it.
    @discardableResult
    func send(_ frame: ModelFrame, by number: Int = 0, partByteCount: Int = 3900) -> Bool {
        guard let packet = makePacket(frame, partByteCount: partByteCount) else { return false }
        ports[number].queue.append(packet)
        flush(number)
        return true
    }

    func flush(_ number: Int) {
        guard !ports[number].isGone else { return }
        ports[number].interface.transmit(&ports[number].queue)
    }
}
