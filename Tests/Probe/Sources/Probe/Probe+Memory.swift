// The heap: most of the domain at once, and more than the domain has.

import Apus

extension Probe {
    /// Fills seven eighths of the domain with blocks of many sizes, reads all of it back, frees
    /// it, and does that again: what was freed must be good for use.
    static func fillMemory() {
        for round in 1...3 {
            let blocks = allocateBlocks(byteCount: Int(Guest.memoryByteCount) / 8 * 7)
            for block in blocks { block.stamp() }
            var total = 0
            for block in blocks {
                require(block.isIntact, "a block of \(block.count) bytes has changed")
                total += block.count
            }
            // Every other one first, so that neighbours must be joined later.
            for index in stride(from: 0, to: blocks.count, by: 2) { blocks[index].free() }
            for index in stride(from: 1, to: blocks.count, by: 2) { blocks[index].free() }
            print("round \(round): \(blocks.count) blocks, \(total >> 20) MiB")
        }
    }

    private static func allocateBlocks(byteCount: Int) -> [Block] {
        let sizes = [16, 24, 100, 1000, 4096, 5000, 40_000, 1 << 20, 3 << 20, 65_536, 130_000]
        var blocks: [Block] = []
        var rest = byteCount
        var turn = 0
        while rest > 8 << 20 {
            let size = sizes[turn % sizes.count] + turn % 7
            blocks.append(Block(count: size, seed: turn))
            rest -= size
            turn += 1
        }
        return blocks
    }

    private struct Block {
        let start: UnsafeMutableRawPointer
        let count: Int
        let seed: UInt64

        init(count: Int, seed: Int) {
            start = .allocate(byteCount: count, alignment: 16)
            self.count = count
            self.seed = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
        }

        /// The first eight bytes of each page, and the last byte.
        func stamp() {
            for offset in stride(from: 0, to: count - 8, by: 4096) {
                start.storeBytes(of: word(offset), toByteOffset: offset, as: UInt64.self)
            }
            start.storeBytes(of: last, toByteOffset: count - 1, as: UInt8.self)
        }

        var isIntact: Bool {
            for offset in stride(from: 0, to: count - 8, by: 4096)
            where start.load(fromByteOffset: offset, as: UInt64.self) != word(offset) {
                return false
            }
            return start.load(fromByteOffset: count - 1, as: UInt8.self) == last
        }

        func free() { start.deallocate() }

        private func word(_ offset: Int) -> UInt64 { seed ^ UInt64(offset) }
        private var last: UInt8 { UInt8(truncatingIfNeeded: seed >> 56) }
    }

    /// Asks for a megabyte again and again.
    static func exhaustMemory() {
        var blocks: [UnsafeMutablePointer<UInt8>] = []
        while true {
            let block = UnsafeMutablePointer<UInt8>.allocate(capacity: 1_000_000)
            block.initialize(repeating: 1, count: 1_000_000)
            blocks.append(block)
            if blocks.count % 10 == 0 { print("\(blocks.count) MB") }
        }
    }
}
