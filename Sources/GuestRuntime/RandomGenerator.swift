// Random bytes from a seed: a generator that erases its key with every refill, so that whoever
// reads its state learns nothing of what it gave out before.
//
// Source: D. J. Bernstein, "Fast-key-erasure random-number generators", 2017. Where seeds come
// from is the caller's business.

/// A cryptographic generator without heap storage.
///
/// Hold one and never copy it: a copy gives out the same numbers again. (A type that could not be
/// copied could not be a `RandomNumberGenerator`.)
public struct RandomGenerator: RandomNumberGenerator, Sendable {
    /// The bytes in a seed.
    public static var seedByteCount: Int { 32 }

    private var key = ChaCha20.Key(repeating: 0)
    /// Words made but not given out; those before `position` are erased.
    private var pool = InlineArray<28, UInt64>(repeating: 0)
    private var position = RandomGenerator.poolCount

    private static var poolCount: Int { 28 }

    /// A generator whose numbers depend on `seed` alone.
    ///
    /// - Parameter seed: ``seedByteCount`` bytes or more that nobody can guess; all are used.
    public init(seed: UnsafeRawBufferPointer) {
        precondition(seed.count >= Self.seedByteCount, "a seed has at least 32 bytes")
        mix(seed)
    }

    /// Adds entropy. What was there is mixed in and never replaced: bytes that an attacker chose
    /// leave the generator as strong as it was.
    public mutating func mix(_ entropy: UnsafeRawBufferPointer) {
        var start = 0
        while start < entropy.count {
            let count = min(32, entropy.count - start)
            for offset in 0..<count {
                let byte = UInt32(entropy[start + offset])
                key[offset / 4] ^= byte << UInt32(offset % 4 * 8)
            }
            // The length is in the counter's place, so that "0" and "00" mix differently; the
            // nonce keeps these blocks apart from those that are given out.
            key = Self.firstHalf(
                ChaCha20.block(key: key, counter: UInt32(count), nonce: (0x6D69_7821, 0, 0)))
            start += count
        }
        erasePool()
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        if position == Self.poolCount { refill() }
        let word = pool[position]
        pool[position] = 0
        position += 1
        return word
    }

    /// Fills a buffer with random bytes.
    public mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var start = 0
        while start < buffer.count {
            let word = next()
            let count = min(8, buffer.count - start)
            for offset in 0..<count {
                buffer[start + offset] = UInt8(truncatingIfNeeded: word >> UInt64(offset * 8))
            }
            start += count
        }
    }

    /// Makes four blocks with the key: half a block is the next key, the rest the pool. The old
    /// key is gone then.
    private mutating func refill() {
        let old = key
        var filled = 0
        for counter in UInt32(0)..<4 {
            let block = ChaCha20.block(key: old, counter: counter, nonce: (0, 0, 0))
            var word = 0
            if counter == 0 {
                key = Self.firstHalf(block)
                word = 8
            }
            while word < 16 {
                pool[filled] = UInt64(block[word]) | UInt64(block[word + 1]) << 32
                filled += 1
                word += 2
            }
        }
        position = 0
    }

    private mutating func erasePool() {
        for word in 0..<Self.poolCount { pool[word] = 0 }
        position = Self.poolCount
    }

    private static func firstHalf(_ block: ChaCha20.Block) -> ChaCha20.Key {
        ChaCha20.Key { block[$0] }
    }
}
