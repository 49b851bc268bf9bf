// The ChaCha20 block function, from which the random generator makes its bytes.
//
// Source: RFC 8439, section 2.3. Constant time: neither branches nor addresses depend on the key.

/// ChaCha20 as a function from a key, a counter and a nonce to 64 bytes.
public enum ChaCha20 {
    /// 32 bytes, as little-endian words.
    public typealias Key = InlineArray<8, UInt32>
    /// 64 bytes, as little-endian words.
    public typealias Block = InlineArray<16, UInt32>

    /// One block of the key stream.
    ///
    /// - Parameters:
    ///   - counter: the number of the block in its stream.
    ///   - nonce: three words; a key and a nonce name one stream.
    public static func block(
        key: Key, counter: UInt32, nonce: (UInt32, UInt32, UInt32)
    ) -> Block {
        // RFC 8439, 2.3: the constant, the key, the counter and the nonce, four words a row.
        let start = State(
            a: SIMD4(0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574),
            b: SIMD4(key[0], key[1], key[2], key[3]),
            c: SIMD4(key[4], key[5], key[6], key[7]),
            d: SIMD4(counter, nonce.0, nonce.1, nonce.2))
        var state = start
        for _ in 0..<10 { state.doubleRound() }

        var block = Block(repeating: 0)
        for lane in 0..<4 {
            block[lane] = state.a[lane] &+ start.a[lane]
            block[lane + 4] = state.b[lane] &+ start.b[lane]
            block[lane + 8] = state.c[lane] &+ start.c[lane]
            block[lane + 12] = state.d[lane] &+ start.d[lane]
        }
        return block
    }

    private struct State {
        var a: SIMD4<UInt32>
        var b: SIMD4<UInt32>
        var c: SIMD4<UInt32>
        var d: SIMD4<UInt32>

        /// Four quarter rounds on the columns, then four on the diagonals (2.3).
        mutating func doubleRound() {
            quarterRounds()
            (b, c, d) = (b.turned(by: 1), c.turned(by: 2), d.turned(by: 3))
            quarterRounds()
            (b, c, d) = (b.turned(by: 3), c.turned(by: 2), d.turned(by: 1))
        }

        /// The quarter round (2.1) on each column at once.
        private mutating func quarterRounds() {
            a = a &+ b
            d = (d ^ a).rotatedLeft(by: 16)
            c = c &+ d
            b = (b ^ c).rotatedLeft(by: 12)
            a = a &+ b
            d = (d ^ a).rotatedLeft(by: 8)
            c = c &+ d
            b = (b ^ c).rotatedLeft(by: 7)
        }
    }
}

extension SIMD4<UInt32> {
    fileprivate func rotatedLeft(by count: UInt32) -> Self {
        (self &<< count) | (self &>> (32 &- count))
    }

    fileprivate func turned(by lanes: Int) -> Self {
        Self(self[lanes & 3], self[(lanes + 1) & 3], self[(lanes + 2) & 3], self[(lanes + 3) & 3])
    }
}
