// Random numbers, as many as a key has, for the test to compare.

import Apus

extension Probe {
    static func showRandomNumbers() {
        for _ in 0..<2 {
            var line = "random:"
            for _ in 0..<8 { line += " " + hexadecimal(UInt(UInt64.random(in: 0...UInt64.max))) }
            print(line)
        }
        var ones = 0
        for _ in 0..<1000 { ones += UInt64.random(in: 0...UInt64.max).nonzeroBitCount }
        // 64000 fair coins: eight standard deviations are about 1012.
        require(abs(ones - 32_000) < 1012, "\(ones) of 64000 random bits are set")
    }
}
