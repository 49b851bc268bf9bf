// Page tables as the processor reads them, written without a look at how the guest does it.

import ModelXen
import XenTypes

/// What a page of the address space leads to.
struct MappedPage: Equatable {
    /// The guest's frame that the address is in; nil when it is not the guest's.
    let frame: PseudophysicalFrame?
    let isWritable: Bool
    let isExecutable: Bool
    /// 4096, or 2 MiB.
    let byteCount: UInt64

    static func page(
        _ frame: PseudophysicalFrame?, writable: Bool = false, executable: Bool = false,
        byteCount: UInt64 = 4096
    ) -> MappedPage {
        MappedPage(
            frame: frame, isWritable: writable, isExecutable: executable, byteCount: byteCount)
    }
}

/// A walker over tables in a guest's pages.
struct TableWalk {
    let pages: ModelPages
    let root: PseudophysicalFrame
    /// From the number in an entry to the guest's frame; nil for what is not the guest's.
    let frame: (UInt64) -> PseudophysicalFrame?

    /// What `address` leads to; nil when it is not mapped.
    func page(at address: UInt64) -> MappedPage? {
        var (table, writable, executable) = (root, true, true)
        for level in stride(from: 4, through: 1, by: -1) {
            let entry = pages.entries(of: table)[Int(address >> UInt64(3 + 9 * level)) & 511]
            guard entry & 1 != 0 else { return nil }
            writable = writable && entry & 2 != 0
            executable = executable && entry >> 63 == 0
            let next = frame(entry & 0x000F_FFFF_FFFF_F000)
            if level == 1 || entry & 0x80 != 0 {
                let size = UInt64(1) << UInt64(3 + 9 * level)
                return .page(
                    next?.advanced(by: address % size / 4096), writable: writable,
                    executable: executable, byteCount: size)
            }
            guard let next else { return nil }
            table = next
        }
        return nil
    }

    /// Calls `body` with everything that is mapped, in order of address.
    func forEachPage(_ body: (UInt64, MappedPage) -> Void) {
        visit(root, level: 4, address: 0, true, true, body)
    }

    private func visit(
        _ table: PseudophysicalFrame, level: Int, address: UInt64, _ writable: Bool,
        _ executable: Bool, _ body: (UInt64, MappedPage) -> Void
    ) {
        let entries = pages.entries(of: table)
        for index in 0..<512 where entries[index] & 1 != 0 {
            let entry = entries[index]
            let size = UInt64(1) << UInt64(3 + 9 * level)
            let start = address + UInt64(index) * size
            let (writable, executable) = (
                writable && entry & 2 != 0, executable && entry >> 63 == 0
            )
            let next = frame(entry & 0x000F_FFFF_FFFF_F000)
            if level == 1 || entry & 0x80 != 0 {
                body(
                    start,
                    .page(next, writable: writable, executable: executable, byteCount: size))
            } else if let next {
                visit(next, level: level - 1, address: start, writable, executable, body)
            }
        }
    }

    /// All tables, the top one among them.
    var tables: Set<PseudophysicalFrame> {
        var found: Set<PseudophysicalFrame> = [root]
        var waiting = [(root, 4)]
        while let (table, level) = waiting.popLast() {
            for index in 0..<512 where level > 1 {
                let entry = pages.entries(of: table)[index]
                guard entry & 0x81 == 1, let next = frame(entry & 0x000F_FFFF_FFFF_F000) else {
                    continue
                }
                if found.insert(next).inserted { waiting.append((next, level - 1)) }
            }
        }
        return found
    }
}
