// The two ways to change a page table: by hypercall under PV, by a store under PVH.
//
// Source: the comments on mmu_update in Xen's public xen.h; Intel SDM volume 3, 4.10.

import CXen
import Hypercalls

/// How page tables are read and written; which way is known once, at boot.
public enum PagingMode {
    /// The tables are Xen's to write, and hold machine frames.
    case pv(PVFrames)
    /// The tables are ours, and hold pseudo-physical frames.
    case pvh

    /// The bits of an entry that maps a machine frame, for `Hypervisor.updateMapping`.
    public static func entry(machineFrame: MachineFrame, _ protection: Protection) -> UInt64 {
        PageTableEntry(frame: machineFrame.rawValue, protection).rawValue
    }
}

/// What a PV guest knows of the machine's frames.
public struct PVFrames {
    /// The machine frame of each of our frames, by pfn; the domain builder's list.
    private let machineFrames: UnsafePointer<UInt64>
    /// How many frames the list has.
    private let count: UInt64
    /// The pfn of each machine frame, by mfn; good only for frames that are ours.
    private let ownFrames: UnsafePointer<UInt64>

    /// Where Xen shows a guest its machine-to-physical table.
    public static var xenTable: UnsafePointer<UInt64> {
        let table = UnsafePointer<UInt64>(bitPattern: UInt(MACH2PHYS_VIRT_START))
        return table.unsafelyUnwrapped
    }

    /// Takes the builder's list of `count` frames and Xen's table, which must stay where they are.
    public init(
        machineFrames: UnsafePointer<UInt64>, count: UInt64,
        ownFrames: UnsafePointer<UInt64> = PVFrames.xenTable
    ) {
        self.machineFrames = machineFrames
        self.count = count
        self.ownFrames = ownFrames
    }

    /// The machine frame behind one of ours.
    public func machineFrame(of frame: PseudophysicalFrame) -> MachineFrame {
        precondition(frame.rawValue < count, "no machine frame is known for this frame")
        return MachineFrame(rawValue: machineFrames[Int(frame.rawValue)])
    }

    /// Our frame on a machine frame that is ours, from Xen's own table.
    public func ownFrame(of machineFrame: MachineFrame) -> PseudophysicalFrame {
        PseudophysicalFrame(rawValue: ownFrames[Int(machineFrame.rawValue)])
    }
}
