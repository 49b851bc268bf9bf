// The address space: the image page by page, memory chunk by chunk as it is first used, and a
// few pages elsewhere (frame records; later, foreign pages).
//
// A table's page lies at its frame's own address. Under PV it must be mapped read-only before
// it is linked in, and stays so.

import CXen
import Hypercalls

/// 2 MiB of memory: what one last-level table maps, and the unit in which memory comes to use.
public enum Chunk {
    /// Frames in a chunk.
    public static var frameCount: UInt64 { 512 }
    /// Bytes in a chunk.
    public static var byteCount: UInt64 { frameCount << Page.shift }
}

/// The one set of page tables of this domain.
public struct PageTables: ~Copyable {
    typealias Entries = UnsafeMutablePointer<UInt64>

    private let hypervisor: Hypervisor
    private let mode: PagingMode
    private let root: UInt64
    private let pageBase: UInt
    /// The first frame above the chunks that are mapped for the image.
    private var imageLimit = PseudophysicalFrame.zero
    /// Frames for new tables. They are mapped, writable, and nobody else's.
    public var pool = TablePool()

    /// Takes over the tables whose top one is at pseudo-physical (and virtual) address `root`.
    ///
    /// - Parameter pageBase: where frame 0's page can be reached, and from there the others. On a
    ///   guest 0; what the tables themselves map does not depend on it.
    public init(root: UInt64, mode: PagingMode, hypervisor: Hypervisor, pageBase: UInt = 0) {
        self.root = root
        self.pageBase = pageBase
        self.mode = mode
        self.hypervisor = hypervisor
    }

    /// Maps `frame` at `address` and builds the tables that this takes.
    public mutating func map(
        _ frame: PseudophysicalFrame, at address: UInt64, _ protection: Protection
    ) {
        let table = lastTable(of: address)
        write(entry(for: frame, protection), to: table, at: Self.index(of: address, level: 1))
        drop(address)
    }

    /// Maps a frame that is no memory of ours, or with `none` ends such a mapping.
    ///
    /// - Parameter number: the machine's under PV, the guest's under PVH.
    public mutating func map(foreign number: UInt64, at address: UInt64, _ protection: Protection) {
        let table = lastTable(of: address)
        let entry = PageTableEntry(frame: number, protection)
        write(entry, to: table, at: Self.index(of: address, level: 1))
        drop(address)
    }

    /// Builds the tables by which a page could be mapped at `address`, for Xen to do that. Takes
    /// three frames of the pool at most.
    public mutating func makeRoom(at address: UInt64) { _ = lastTable(of: address) }

    /// Whether there are such tables.
    public func hasRoom(at address: UInt64) -> Bool {
        var table = root
        for level in stride(from: 4, to: 1, by: -1) {
            let index = Self.index(of: address, level: level)
            let entry = PageTableEntry(rawValue: entries(table)[index])
            guard entry.isPresent, !entry.isLarge else { return false }
            table = tableAddress(entry)
        }
        return true
    }

    private mutating func lastTable(of address: UInt64) -> UInt64 {
        var table = root
        for level in stride(from: 4, to: 1, by: -1) {
            table = lowerTable(of: table, at: address, level: level)
        }
        return table
    }

    /// Maps the chunk that starts at `frame` for reading and writing, at its own address.
    /// `frameLimit` is the first frame that does not exist.
    public mutating func mapChunk(
        at frame: PseudophysicalFrame, below frameLimit: PseudophysicalFrame
    ) {
        guard frame >= imageLimit else { return }
        let table = chunkTable(of: frame.address)
        let index = Self.index(of: frame.address, level: 2)
        let old = PageTableEntry(rawValue: entries(table)[index])
        if case .pvh = mode {
            let plain = PageTableEntry(frame: frame.rawValue, .readWrite)
            write(plain.adding(PageTableEntry.large), to: table, at: index)
            drop(frame.address)
        } else if old.isPresent {
            // The builder mapped it.
            denyCode(in: table, at: index, mapping: frame.address)
        } else {
            replaceChunk(at: frame) { $0 < frameLimit ? .readWrite : .none }
        }
    }

    /// Maps a chunk of the image page by page, at its own address. Such a chunk stays as it is.
    public mutating func protectChunk(
        at frame: PseudophysicalFrame, _ protection: (PseudophysicalFrame) -> Protection
    ) {
        replaceChunk(at: frame, protection)
        imageLimit = max(imageLimit, frame.advanced(by: Chunk.frameCount))
    }

    /// About how many tables the mapping of that many chunks and of their records takes: under PV
    /// one for each chunk, and in both modes the levels above and those of the records.
    public func tableCount(forChunks count: UInt64) -> UInt64 {
        let upper = count / 512 + count / 256 + 2
        if case .pv = mode { return count + upper }
        return upper
    }

    /// Takes the right to run code from all that the loader mapped past the image, in use or not:
    /// it was mapped for anything.
    public func denyCodePastImage() {
        let top = PageTableEntry(rawValue: entries(root)[0])
        guard top.isPresent else { return }
        let third = tableAddress(top)
        for index in 0..<512 {
            let upper = PageTableEntry(rawValue: entries(third)[index])
            guard upper.isPresent else { continue }
            let table = tableAddress(upper)
            let start = UInt64(index * 512) * Chunk.byteCount
            for chunk in 0..<512 {
                let address = start + UInt64(chunk) * Chunk.byteCount
                guard address >= imageLimit.address else { continue }
                denyCode(in: table, at: chunk, mapping: address)
            }
        }
    }

    private func denyCode(in table: UInt64, at index: Int, mapping address: UInt64) {
        let old = PageTableEntry(rawValue: entries(table)[index])
        guard old.isPresent, !old.isNoExecute else { return }
        write(old.adding(PageTableEntry.noExecute), to: table, at: index)
        drop(address)
    }

    private mutating func replaceChunk(
        at frame: PseudophysicalFrame, _ protection: (PseudophysicalFrame) -> Protection
    ) {
        let upper = chunkTable(of: frame.address)
        let index = Self.index(of: frame.address, level: 2)
        let old = PageTableEntry(rawValue: entries(upper)[index])
        let new = pool.take()
        let entries = entries(new.address)
        for offset in 0..<Int(Chunk.frameCount) {
            let page = frame.advanced(by: UInt64(offset))
            entries[offset] = replacement(for: page, table: new, under: old, protection).rawValue
        }
        link(new, into: upper, at: index)
        for offset in 0..<Chunk.frameCount where old.isPresent {
            drop(frame.advanced(by: offset).address)
        }
    }

    /// The entry of a page whose chunk's table is replaced by the one in frame `new`.
    private func replacement(
        for page: PseudophysicalFrame, table new: PseudophysicalFrame, under old: PageTableEntry,
        _ protection: (PseudophysicalFrame) -> Protection
    ) -> PageTableEntry {
        switch protection(page) {
        // Such a page may lie past the end of memory, and have no frame to ask about.
        case .none: return PageTableEntry(rawValue: 0)
        case .keep: return oldEntry(of: page, under: old)
        case .readWrite where isSealed(page, table: new, under: old):
            return entry(for: page, .readOnly)
        case let wanted: return entry(for: page, wanted)
        }
    }

    private func oldEntry(
        of page: PseudophysicalFrame, under old: PageTableEntry
    ) -> PageTableEntry {
        guard old.isPresent, !old.isLarge else { return entry(for: page, .readWrite) }
        return PageTableEntry(
            rawValue: entries(tableAddress(old))[Int(page.rawValue % Chunk.frameCount)])
    }

    /// Whether a page is a PV guest's table, or about to be, and must not become writable.
    private func isSealed(
        _ page: PseudophysicalFrame, table new: PseudophysicalFrame, under old: PageTableEntry
    ) -> Bool {
        guard case .pv = mode else { return false }
        let before = oldEntry(of: page, under: old)
        return page == new || before.isPresent && !before.isWritable
    }

    private mutating func chunkTable(of address: UInt64) -> UInt64 {
        let third = lowerTable(of: root, at: address, level: 4)
        return lowerTable(of: third, at: address, level: 3)
    }

    private mutating func lowerTable(of table: UInt64, at address: UInt64, level: Int) -> UInt64 {
        let index = Self.index(of: address, level: level)
        let entry = PageTableEntry(rawValue: entries(table)[index])
        precondition(!entry.isLarge, "a table is wanted where a large page is mapped")
        if entry.isPresent { return tableAddress(entry) }
        let new = pool.take()
        entries(new.address).update(repeating: 0, count: 512)
        // Xen maps foreign pages so that they could be executed: the table above denies it.
        let isForeign = address >= PhysicalMemory.foreignAddress
        link(new, into: table, at: index, isForeign ? PageTableEntry.noExecute : 0)
        return new.address
    }

    private func link(
        _ new: PseudophysicalFrame, into table: UInt64, at index: Int, _ bits: UInt64 = 0
    ) {
        if case .pv = mode { remap(new, .readOnly) }
        write(PageTableEntry(table: number(of: new)).adding(bits), to: table, at: index)
    }
}

extension PageTables {
    private static func index(of address: UInt64, level: Int) -> Int {
        Int(address >> (Page.shift + 9 * UInt64(level - 1)) & 511)
    }

    private func entries(_ table: UInt64) -> Entries {
        precondition(table != 0, "a page table at address zero")
        return Entries(bitPattern: pageBase &+ UInt(table)).unsafelyUnwrapped
    }

    /// One of our frames as hypercalls, grants and rings name it.
    public func guestFrame(of frame: PseudophysicalFrame) -> GuestFrame {
        GuestFrame(rawValue: number(of: frame))
    }

    /// The number by which page tables know one of our frames.
    private func number(of frame: PseudophysicalFrame) -> UInt64 {
        switch mode {
        case .pv(let frames): frames.machineFrame(of: frame).rawValue
        case .pvh: frame.rawValue
        }
    }

    private func entry(
        for frame: PseudophysicalFrame, _ protection: Protection
    ) -> PageTableEntry {
        if case .none = protection { return PageTableEntry(rawValue: 0) }
        return PageTableEntry(frame: number(of: frame), protection)
    }

    private func tableAddress(_ entry: PageTableEntry) -> UInt64 {
        switch mode {
        case .pv(let frames): frames.ownFrame(of: MachineFrame(rawValue: entry.frame)).address
        case .pvh: PseudophysicalFrame(rawValue: entry.frame).address
        }
    }

    private func write(_ entry: PageTableEntry, to table: UInt64, at index: Int) {
        guard case .pv = mode else {
            entries(table)[index] = entry.rawValue
            return
        }
        let machine = number(of: PseudophysicalFrame(containing: table)) << Page.shift
        do throws(XenError) {
            let address = machine + UInt64(index * MemoryLayout<UInt64>.size)
            try hypervisor.updatePageTable(entry: address, to: entry.rawValue)
        } catch {
            preconditionFailure("Xen refused a page table entry")
        }
    }

    private func remap(_ frame: PseudophysicalFrame, _ protection: Protection) {
        do throws(XenError) {
            try hypervisor.updateMapping(
                of: frame.address, to: entry(for: frame, protection).rawValue)
        } catch {
            preconditionFailure("Xen refused to protect a page table")
        }
    }

    /// Under PV Xen drops translations itself when it checks an update.
    private func drop(_ address: UInt64) {
        if case .pvh = mode { hypervisor.flushTranslation(of: address) }
    }
}
