// A pool over memory of the test's.

@testable import TCPIP

/// A pool, and the memory under it.
final class TestPages {
    let pool: PacketPool
    private let memory: UnsafeMutableRawPointer

    init(count: Int) {
        pool = PacketPool(capacity: count)
        memory = .allocate(byteCount: count * 4096, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 0xA5, count: count * 4096)
        for index in 0..<count { pool.add(page: memory + index * 4096) }
    }

    deinit { memory.deallocate() }

    /// A packet with these bytes.
    func packet(_ bytes: [UInt8]) -> Packet? { pool.packet(bytes) }
}

extension PacketPool {
    /// A packet with these bytes, in as many parts as they need.
    func packet(_ bytes: [UInt8]) -> Packet? {
        guard var packet = makePacket() else { return nil }
        packet.write(bytes.prefix(3968))
        var rest = bytes.dropFirst(3968)
        while !rest.isEmpty {
            guard var part = makeReceivePacket() else { return nil }
            part.write(rest.prefix(4096))
            rest = rest.dropFirst(4096)
            packet.append(part)
        }
        return packet
    }
}

extension Packet {
    fileprivate mutating func write(_ bytes: ArraySlice<UInt8>) {
        extend(bytes.count)
        var span = mutableBytes
        for (index, byte) in bytes.enumerated() {
            span.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
    }

    /// All bytes.
    var copied: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = copyBytes(from: 0, to: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
