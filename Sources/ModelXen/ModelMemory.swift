// The memory of a PV guest: which machine frames it has, and Xen's books on their use.
//
// The guest's pages are not where its page tables map them: it must be told `pages.base`.
// Source: Xen's arch/x86/mm.c (page types, promotion and its opposite); the domain builder's
// layout is that of tools/libs/guest/xg_dom_x86.c.

import Hypercalls
import SeededRandomness

/// All frames of a PV guest and its page tables, kept by Xen's rules.
public final class ModelMemory {
    /// What Xen lets a frame be used for, as long as anything uses it so.
    public enum Use: Equatable, Sendable {
        /// Anything; it is mapped read-only at most.
        case none
        /// Mapped writable.
        case writable
        /// A page table, 1 to 4; 1 maps pages.
        case table(level: Int)
    }

    struct Record {
        var use = Use.none
        /// Mappings, or entries and pins, that need it to stay so.
        var count = 0
    }

    /// The guest's pages.
    public let pages: ModelPages
    /// The machine frame of each frame: the builder's list.
    public let machineFrames: UnsafePointer<UInt64>
    /// The frame of each machine frame, rubbish for those that are not the guest's.
    public let ownFrames: UnsafePointer<UInt64>
    /// The page of Xen's that the guest may map: its shared info.
    public let sharedInfo: MachineFrame
    /// Other frames that the guest may map: Xen's, of a grant table.
    public var foreignFrames: Set<MachineFrame> = []
    /// The guest's top table.
    public let root: PseudophysicalFrame
    /// The builder's tables, the top one among them.
    public let builderTables: Range<PseudophysicalFrame>

    private let machineFrameCount: UInt64
    private let records: UnsafeMutablePointer<Record>
    /// What Xen last wrote to each table.
    var shadows: [PseudophysicalFrame: [UInt64]] = [:]
    /// Tables that the guest was once found to have written to itself.
    var damaged: Set<PseudophysicalFrame> = []

    /// What the domain builder leaves: the first `mappedChunkCount` chunks of 2 MiB mapped at
    /// their own addresses, writable and executable, by tables from `firstTable` on, which are
    /// mapped read-only. Machine frames lie scattered, as `seed` has it.
    public init(
        frameCount: Int, mappedChunkCount: Int, firstTable: PseudophysicalFrame, seed: UInt64
    ) {
        pages = ModelPages(frameCount: frameCount)
        // At least half of the machine is other guests'.
        let span = 1 << (Int.bitWidth - (2 * frameCount).leadingZeroBitCount)
        let base: UInt64 = 0x400
        machineFrameCount = base + UInt64(span)
        let list = UnsafeMutablePointer<UInt64>.allocate(capacity: frameCount)
        let table = UnsafeMutablePointer<UInt64>.allocate(capacity: Int(machineFrameCount))
        table.initialize(repeating: 0x5555_5555, count: Int(machineFrameCount))
        var generator = SeededGenerator(seed: seed)
        // Odd, so that no two frames meet.
        let (factor, offset) = (generator.next() | 1, generator.next())
        func machineFrame(_ frame: Int) -> UInt64 {
            base + (UInt64(frame) &* factor &+ offset) & UInt64(span - 1)
        }
        for frame in 0..<frameCount {
            list[frame] = machineFrame(frame)
            table[Int(list[frame])] = UInt64(frame)
        }
        sharedInfo = MachineFrame(rawValue: machineFrame(frameCount))
        (machineFrames, ownFrames) = (UnsafePointer(list), UnsafePointer(table))
        records = .allocate(capacity: frameCount)
        records.initialize(repeating: Record(), count: frameCount)
        root = firstTable
        let upperCount = 2 + UInt64(mappedChunkCount + 511) / 512
        builderTables =
            firstTable..<firstTable.advanced(by: upperCount + UInt64(mappedChunkCount))
        buildTables(chunkCount: mappedChunkCount)
        guard (try? use(root, as: .table(level: 4))) != nil else {
            preconditionFailure("the builder's own tables break the rules")
        }
    }

    deinit {
        machineFrames.deallocate()
        ownFrames.deallocate()
        records.deallocate()
    }

    /// The machine frame behind one of the guest's.
    public func machineFrame(of frame: PseudophysicalFrame) -> MachineFrame {
        precondition(frame.rawValue < UInt64(pages.frameCount), "the guest has no such frame")
        return MachineFrame(rawValue: machineFrames[Int(frame.rawValue)])
    }

    /// The guest's frame on a machine frame; nil when it is not the guest's.
    public func ownFrame(of machineFrame: MachineFrame) -> PseudophysicalFrame? {
        guard machineFrame.rawValue < machineFrameCount else { return nil }
        let own = ownFrames[Int(machineFrame.rawValue)]
        guard own < UInt64(pages.frameCount), machineFrames[Int(own)] == machineFrame.rawValue
        else { return nil }
        return PseudophysicalFrame(rawValue: own)
    }

    /// What a frame is used for now.
    public func use(of frame: PseudophysicalFrame) -> Use { self[frame].use }

    subscript(frame: PseudophysicalFrame) -> Record {
        get { records[Int(frame.rawValue)] }
        set { records[Int(frame.rawValue)] = newValue }
    }

    private func buildTables(chunkCount: Int) {
        let (third, second) = (root.advanced(by: 1), root.advanced(by: 2))
        let first = second.advanced(by: UInt64(chunkCount + 511) / 512)
        let upper = ModelEntry.present | ModelEntry.writable | ModelEntry.user
        func link(_ frame: PseudophysicalFrame, _ bits: UInt64) -> UInt64 {
            machineFrame(of: frame).rawValue << Page.shift | bits
        }
        pages.entries(of: root)[0] = link(third, upper)
        for chunk in 0..<chunkCount {
            let (directory, table) = (chunk / 512, first.advanced(by: UInt64(chunk)))
            let secondTable = second.advanced(by: UInt64(directory))
            pages.entries(of: third)[directory] = link(secondTable, upper)
            pages.entries(of: secondTable)[chunk % 512] = link(table, upper)
            for offset in 0..<512 where chunk * 512 + offset < pages.frameCount {
                let frame = PseudophysicalFrame(rawValue: UInt64(chunk * 512 + offset))
                let isTable = builderTables.contains(frame)
                let bits = isTable ? upper & ~ModelEntry.writable : upper
                pages.entries(of: table)[offset] = link(frame, bits)
            }
        }
    }
}

/// Bits of an entry, all that the model looks at.
enum ModelEntry {
    static let present: UInt64 = 1 << 0
    static let writable: UInt64 = 1 << 1
    static let user: UInt64 = 1 << 2
    static let large: UInt64 = 1 << 7

    static func frame(_ entry: UInt64) -> MachineFrame {
        MachineFrame(rawValue: (entry & 0x000F_FFFF_FFFF_F000) >> Page.shift)
    }
}
