// What a power cut leaves of what was not flushed.

import SeededRandomness

extension CachingDisk {
    /// The bytes that are there after the power went: each piece of 512 bytes is what was durable
    /// or what any write since then had put there.
    public func contentsAfterCut() -> [UInt8] {
        var after = durable
        let writes = unflushed.sorted { $0.key < $1.key }.map(\.value)
        let temper = loop.generator.next() % 6
        // How much of what was written before the last ones is kept, in their order.
        let keptCount = writes.isEmpty ? 0 : Int(loop.generator.next() % UInt64(writes.count + 1))
        for (index, write) in writes.enumerated() {
            let isWhole = loop.generator.next() % 2 == 0
            let isTailLost = loop.generator.next() % 2 == 0
            let parts = pieces(of: write)
            let edge = Int(loop.generator.next() % UInt64(parts.count + 1))
            for (place, part) in parts.enumerated() {
                let isKept =
                    switch temper {
                    case 0: false
                    case 1: true
                    case 2: index < keptCount
                    case 3: isWhole
                    case 4: (place < edge) == isTailLost
                    default: loop.generator.next() % 2 == 0
                    }
                if isKept { after.replaceSubrange(part.range, with: part.bytes) }
            }
        }
        return after
    }

    /// A cache that could not write and gives up: readers may see the old bytes again.
    func lose(_ ids: [Int]) {
        hasLostWrites = true
        for id in ids {
            guard let write = unflushed.removeValue(forKey: id) else { continue }
            for part in pieces(of: write) {
                switch loop.generator.next() % 3 {
                case 0: durable.replaceSubrange(part.range, with: contents[part.range])
                case 1: contents.replaceSubrange(part.range, with: durable[part.range])
                default: break
                }
            }
        }
    }
}
