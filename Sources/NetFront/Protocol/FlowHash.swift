// Which queue a packet goes by: the same one for all packets of a flow.

import TCPIP

/// A number from the addresses and ports of a packet that this end made, or has looked at.
enum FlowHash {
    /// 0 or more; 0 for what is too short to be IP.
    static func of(_ packet: borrowing Packet) -> Int {
        let bytes = packet.bytes
        guard bytes.byteCount >= 38 else { return 0 }
        let type = bytes.unsafeLoadUnaligned(fromByteOffset: 12, as: UInt16.self)
        switch type {
        case 0x0008:
            // Addresses; and ports, or what stands there in another protocol's packet.
            return mix(bytes, from: 26, wordCount: 3)
        case 0xDD86 where bytes.byteCount >= 58: return mix(bytes, from: 22, wordCount: 9)
        default: return 0
        }
    }

    private static func mix(_ bytes: RawSpan, from offset: Int, wordCount: Int) -> Int {
        var hash: UInt32 = 0
        for index in 0..<wordCount {
            let word = bytes.unsafeLoadUnaligned(
                fromByteOffset: offset + 4 * index, as: UInt32.self)
            hash = (hash ^ word) &* 0x9E37_79B1
            hash ^= hash >> 15
        }
        return Int(hash >> 1)
    }
}
