import Testing

@testable import GuestRuntime

@Suite("Random generator")
struct RandomGeneratorTests {
    private func make(_ byte: UInt8 = 0, count: Int = 32) -> RandomGenerator {
        let seed = [UInt8](repeating: byte, count: count)
        return seed.withUnsafeBytes { RandomGenerator(seed: $0) }
    }

    private func take(_ count: Int, from generator: inout RandomGenerator) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { generator.fill($0) }
        return bytes
    }

    private func mix(_ bytes: [UInt8], into generator: inout RandomGenerator) {
        bytes.withUnsafeBytes { generator.mix($0) }
    }

    @Test("A seed repeats its numbers, another seed gives others")
    func seeds() {
        var (first, second, third) = (make(1), make(1), make(2))
        let bytes = take(1000, from: &first)
        #expect(take(1000, from: &second) == bytes)
        #expect(take(1000, from: &third) != bytes)
        var longer = make(1, count: 64)
        #expect(take(1000, from: &longer) != bytes)
    }

    @Test("Output is the key stream, with the first half block kept as the next key")
    func outputIsKeyStream() {
        var generator = make(7)
        // The seed is mixed into a zero key.
        let mixed = ChaCha20.block(
            key: .init(repeating: 0x0707_0707), counter: 32, nonce: (0x6D69_7821, 0, 0))
        var key = ChaCha20.Key { mixed[$0] }
        for _ in 0..<3 {
            let blocks = (UInt32(0)..<4).map {
                ChaCha20.block(key: key, counter: $0, nonce: (0, 0, 0))
            }
            let stream = blocks.flatMap { block in (0..<16).map { block[$0] } }
            key = ChaCha20.Key { stream[$0] }
            for word in stride(from: 8, to: 64, by: 2) {
                let expected = UInt64(stream[word]) | UInt64(stream[word + 1]) << 32
                #expect(generator.next() == expected)
            }
        }
    }

    @Test("Nothing given out is left in the state")
    func erasure() {
        var generator = make(3)
        var given: Set<UInt64> = []
        for _ in 0..<40 { given.insert(generator.next()) }
        withUnsafeBytes(of: generator) { state in
            for offset in stride(from: 0, through: state.count - 8, by: 4) {
                let word = state.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                #expect(!given.contains(word))
            }
        }
    }

    @Test("Mixing changes what follows at once, and keeps what was there")
    func mixing() {
        var (plain, mixed, other) = (make(1), make(1), make(2))
        _ = take(8, from: &plain)
        _ = take(8, from: &mixed)
        mix([9], into: &mixed)
        let bytes = take(64, from: &mixed)
        #expect(bytes != take(64, from: &plain))
        _ = take(8, from: &other)
        mix([9], into: &other)
        #expect(bytes != take(64, from: &other))
    }

    @Test("Entropy of other lengths or in other parts mixes differently")
    func lengths() {
        var outputs: Set<[UInt8]> = []
        for count in 0...70 {
            var generator = make(1)
            mix([UInt8](repeating: 0, count: count), into: &generator)
            outputs.insert(take(32, from: &generator))
        }
        #expect(outputs.count == 71)
    }

    @Test("Buffers of any length are filled, and not beyond")
    func lengthsOfBuffers() {
        var generator = make(5)
        for count in 0...300 {
            var bytes = [UInt8](repeating: 0, count: count + 1)
            bytes.withUnsafeMutableBytes { buffer in
                generator.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            }
            #expect(bytes[count] == 0)
            if count >= 16 { #expect(bytes[(count - 16)..<count].contains { $0 != 0 }) }
        }
    }

    @Test("Bits are set about half of the time")
    func balance() {
        var generator = make(11)
        let bitCount = (0..<10_000).reduce(0) { sum, _ in sum + generator.next().nonzeroBitCount }
        // 320,000 expected, 400 the standard deviation.
        #expect(abs(bitCount - 320_000) < 2_400)
    }
}
