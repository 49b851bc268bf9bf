// Toeplitz's hash as a backend computes it, and the table that it looks queues up in.
//
// Source: Xen public/io/netif.h, "Hash types", "Hash algorithms".

/// What a guest has told its backend of hashing.
public struct ModelHash: Hashable, Sendable {
    /// 0 or 1, Toeplitz's.
    public var algorithm: UInt32 = 0
    /// Kinds of packets, as bits.
    public var types: UInt32 = 0
    /// The key; what is missing of it is zeros.
    public var key: [UInt8] = []
    /// Queues by hash; empty: the remainder is the queue.
    public var mapping: [UInt32] = []

    /// Nothing told yet.
    public init() {}

    /// Whether hashes are computed.
    public var isOn: Bool { algorithm == 1 && types != 0 }

    /// The hash of so many bytes.
    public func toeplitz(_ input: [UInt8]) -> UInt32 {
        var value: UInt32 = 0
        for bit in 0..<input.count * 8 where input[bit / 8] >> (7 - bit % 8) & 1 == 1 {
            value ^= window(bit)
        }
        return value
    }

    /// 32 bits of the key from a bit on.
    private func window(_ start: Int) -> UInt32 {
        (start..<start + 32).reduce(0) { word, bit in
            let byte = bit / 8 < key.count ? key[bit / 8] : 0
            return word << 1 | UInt32(byte >> (7 - bit % 8) & 1)
        }
    }

    /// The hash of a frame's addresses, and ports where there are some; 0 for what is not IP.
    public func value(of frame: ModelFrame) -> UInt32 {
        let bytes = frame.bytes
        guard bytes.count >= 38 else { return 0 }
        switch (bytes[12], bytes[13]) {
        case (0x08, 0x00):
            let hasPorts = bytes[23] == 6 && types & 2 != 0
            return toeplitz(Array(bytes[26..<(hasPorts ? 38 : 34)]))
        case (0x86, 0xDD) where bytes.count >= 58:
            let hasPorts = bytes[20] == 6 && types & 8 != 0
            return toeplitz(Array(bytes[22..<(hasPorts ? 58 : 54)]))
        default: return 0
        }
    }

    /// The queue of a frame.
    public func queue(of frame: ModelFrame, among count: Int) -> Int {
        guard isOn else { return 0 }
        let value = Int(value(of: frame))
        return mapping.isEmpty ? value % count : Int(mapping[value % mapping.count]) % count
    }
}
