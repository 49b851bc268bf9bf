// Xen's rules for page tables: which entries it accepts, and what each does to the books.
//
// Source: Xen's arch/x86/mm.c, get_page_type, alloc_l1_table to alloc_l4_table, mod_l1_entry to
// mod_l4_entry. In one thing the model is stricter: a non-present entry that is not zero is
// refused, where Xen would move the domain to shadow page tables (XSA-273, L1TF).

import Glibc
import Hypercalls

extension ModelMemory {
    /// Slots of a top table that are Xen's.
    private static let xenSlots = 256..<272

    /// Changes one entry, by the machine address of it.
    func update(entry address: UInt64, to value: UInt64) throws(XenError) {
        let machineFrame = MachineFrame(rawValue: address >> Page.shift)
        guard let table = ownFrame(of: machineFrame) else { throw .invalidArgument }
        try update(table, at: Int(address % UInt64(Page.byteCount)) / 8, to: value)
    }

    /// Changes the last-level entry for a virtual address.
    func updateMapping(of address: UInt64, to value: UInt64) throws(XenError) {
        var table = root
        for level in [4, 3, 2] {
            let entry = pages.entries(of: table)[Self.index(of: address, level: level)]
            guard entry & ModelEntry.present != 0, let next = ownFrame(of: ModelEntry.frame(entry))
            else { throw .invalidArgument }
            table = next
        }
        guard use(of: table) == .table(level: 1) else { throw .invalidArgument }
        try update(table, at: Self.index(of: address, level: 1), to: value)
    }

    private func update(
        _ table: PseudophysicalFrame, at index: Int, to value: UInt64
    ) throws(XenError) {
        guard case .table(let level) = use(of: table) else {
            // An ordinary page: as good as a store.
            try use(table, as: .writable)
            pages.entries(of: table)[index] = value
            giveUp(table)
            return
        }
        compareWithShadow(table)
        let old = shadows[table]?[index] ?? 0
        let accepted = try admit(value, at: index, level: level)
        shadows[table]?[index] = accepted
        pages.entries(of: table)[index] = accepted
        withdraw(old, level: level)
    }

    /// Has a frame used in one way more, if it is not used in another.
    func use(_ frame: PseudophysicalFrame, as use: Use) throws(XenError) {
        guard self[frame].count == 0 else {
            guard self[frame].use == use else { throw .invalidArgument }
            self[frame].count += 1
            return
        }
        // Before its entries are looked at: they may map the table itself.
        self[frame] = Record(use: use, count: 1)
        guard case .table(let level) = use else { return }
        do throws(XenError) {
            try promote(frame, level: level)
        } catch {
            self[frame] = Record()
            throw error
        }
    }

    private func giveUp(_ frame: PseudophysicalFrame) {
        precondition(self[frame].count > 0, "Xen's books are wrong")
        self[frame].count -= 1
        guard self[frame].count == 0 else { return }
        if case .table(let level) = self[frame].use {
            compareWithShadow(frame)
            for entry in shadows.removeValue(forKey: frame) ?? [] { withdraw(entry, level: level) }
        }
        self[frame] = Record()
    }

    private func promote(_ frame: PseudophysicalFrame, level: Int) throws(XenError) {
        let entries = pages.entries(of: frame)
        var accepted: [UInt64] = []
        accepted.reserveCapacity(512)
        do throws(XenError) {
            for index in 0..<512 {
                accepted.append(try admit(entries[index], at: index, level: level))
            }
        } catch {
            for entry in accepted { withdraw(entry, level: level) }
            throw error
        }
        for index in 0..<512 { entries[index] = accepted[index] }
        shadows[frame] = accepted
    }

    /// The entry as Xen writes it, once it is in the books.
    private func admit(_ entry: UInt64, at index: Int, level: Int) throws(XenError) -> UInt64 {
        guard entry != 0 else { return 0 }
        guard entry & ModelEntry.present != 0, level < 4 || !Self.xenSlots.contains(index)
        else { throw .invalidArgument }
        let machineFrame = ModelEntry.frame(entry)
        // The kernel of a 64-bit PV guest is no more than a user to the processor.
        let accepted = entry | ModelEntry.user
        if level == 1, machineFrame == sharedInfo || foreignFrames.contains(machineFrame) {
            return accepted
        }
        guard let frame = ownFrame(of: machineFrame) else { throw .invalidArgument }
        if level > 1 {
            guard entry & ModelEntry.large == 0 else { throw .invalidArgument }
            try use(frame, as: .table(level: level - 1))
        } else if entry & ModelEntry.writable != 0 {
            try use(frame, as: .writable)
        }
        return accepted
    }

    private func withdraw(_ entry: UInt64, level: Int) {
        guard entry & ModelEntry.present != 0, let frame = ownFrame(of: ModelEntry.frame(entry))
        else { return }
        if level > 1 || entry & ModelEntry.writable != 0 { giveUp(frame) }
    }

    private static func index(of address: UInt64, level: Int) -> Int {
        Int(address >> (Page.shift + 9 * UInt64(level - 1)) & 511)
    }
}

// What tests ask of the books.
extension ModelMemory {
    /// Tables that the guest wrote to without asking Xen, which on a machine is a fault.
    public var strayWrites: Set<PseudophysicalFrame> {
        for table in shadows.keys { compareWithShadow(table) }
        return damaged
    }

    /// All tables in use.
    public var tables: Set<PseudophysicalFrame> { Set(shadows.keys) }

    private func compareWithShadow(_ table: PseudophysicalFrame) {
        guard let shadow = shadows[table] else { return }
        let isIntact = shadow.withUnsafeBytes {
            memcmp($0.baseAddress!, pages[table], $0.count) == 0
        }
        if !isIntact { damaged.insert(table) }
    }

    /// Whether counting all uses from the top table down gives what the books say.
    public var booksAreRight: Bool {
        var counted: [PseudophysicalFrame: Record] = [root: Record(use: .table(level: 4), count: 1)]
        var waiting = [(table: root, level: 4)]
        while let (table, level) = waiting.popLast() {
            for entry in shadows[table] ?? [] where entry & ModelEntry.present != 0 {
                guard let frame = ownFrame(of: ModelEntry.frame(entry)) else { continue }
                guard level > 1 || entry & ModelEntry.writable != 0 else { continue }
                let use = level > 1 ? Use.table(level: level - 1) : .writable
                let record = counted[frame, default: Record(use: use)]
                guard record.use == use else { return false }
                if level > 1, record.count == 0 { waiting.append((frame, level - 1)) }
                counted[frame] = Record(use: use, count: record.count + 1)
            }
        }
        return (0..<UInt64(pages.frameCount)).allSatisfy { number in
            let frame = PseudophysicalFrame(rawValue: number)
            let expected = counted[frame] ?? Record()
            return self[frame].use == expected.use && self[frame].count == expected.count
        }
    }
}
