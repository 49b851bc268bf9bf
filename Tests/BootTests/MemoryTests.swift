// Memory and random numbers: what the heap gives is good.

import Testing
import XenRig

extension Boot {
    @Suite struct HeapAndRandomNumbers {
        @Test(arguments: BootMode.allCases)
        func `most of a domain can be used, more than once`(mode: BootMode) async throws {
            let console = try await Stage.ordinary.run {
                try await Domain.succeed("memory", in: mode, timeout: .seconds(600)) {
                    $0.memoryMiB = 384
                }
            }
            let filled = console.split(separator: "\n").compactMap { line in
                line.wholeMatch(of: /filled (\d+) MiB with \d+ blocks/).flatMap { Int($0.1) }
            }
            // The third are small blocks, and as many as a list has room for.
            #expect(filled.count == 5, "\(console)")
            #expect(filled.prefix(2).allSatisfy { $0 > 330 }, "\(console)")
            #expect(filled.suffix(2).allSatisfy { $0 > 170 }, "\(console)")
        }

        @Test(arguments: BootMode.allCases)
        func `random numbers never come again`(mode: BootMode) async throws {
            let consoles = try await Stage.ordinary.run {
                let first = try await Domain.succeed("random", in: mode)
                return first + (try await Domain.succeed("random", in: mode))
            }
            let lines = consoles.split(separator: "\n").filter { $0.hasPrefix("random: 0x") }
            let numbers = lines.flatMap { $0.split(separator: " ").dropFirst() }
            #expect(numbers.count == 32)
            #expect(Set(numbers).count == 32)
            // This machine's processor has RDSEED and RDRAND.
            #expect(!consoles.contains("no hardware random numbers"))
        }
    }
}
