// Where random numbers come from: the processor's own source, where it has one.
//
// Without RDSEED and RDRAND the generator starts from the clocks and the time stamp counter
// alone, and says so on the console: whoever knows when the guest started can guess its numbers.
// Source: Intel SDM volume 1, 7.3.17; CPUID leaf 1 ECX bit 30, leaf 7 EBX bit 18.
#if hasFeature(Embedded)
    import GuestRuntime
    import Hypercalls

    extension Live {
        /// Fills the buffer with random bytes; the generator is seeded when first asked.
        static func fillRandom(_ buffer: UnsafeMutableRawBufferPointer) {
            if kernel.pointee.random == nil { kernel.pointee.random = seededGenerator() }
            kernel.pointee.random?.fill(buffer)
        }

        private static func seededGenerator() -> RandomGenerator {
            var generator = withWords { index in
                index < 2 ? now : hypervisor.timeStamp()
            }
            let hasSeed = hypervisor.cpuid(7).ebx & 1 << 18 != 0
            let hasRandom = hypervisor.cpuid(1).ecx & 1 << 30 != 0
            var isSeeded = false
            if hasSeed { isSeeded = mixHardware(into: &generator, seed: true) }
            if !isSeeded, hasRandom { isSeeded = mixHardware(into: &generator, seed: false) }
            if !isSeeded {
                print("apus: no hardware random numbers: keys made here can be guessed")
            }
            return generator
        }

        private static func withWords(_ word: (Int) -> UInt64) -> RandomGenerator {
            var words = InlineArray<4, UInt64> { word($0) }
            return withUnsafeBytes(of: &words) { RandomGenerator(seed: $0) }
        }

        /// Mixes in 256 bits; false when the hardware gave fewer.
        private static func mixHardware(
            into generator: inout RandomGenerator, seed: Bool
        ) -> Bool {
            var words = InlineArray<4, UInt64>(repeating: 0)
            for index in 0..<4 {
                guard let word = hardwareWord(seed: seed) else { return false }
                words[index] = word
            }
            withUnsafeBytes(of: &words) { generator.mix($0) }
            return true
        }

        /// RDSEED may be out of entropy for a while; Intel advises a bounded number of attempts.
        private static func hardwareWord(seed: Bool) -> UInt64? {
            for _ in 0..<(seed ? 100 : 10) {
                if let word = hypervisor.hardwareRandom(seed: seed) { return word }
            }
            return nil
        }
    }
#endif
