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

    /// Takes the builder's list, which must stay where it is.
    public init(machineFrames: UnsafePointer<UInt64>, count: UInt64) {
        self.machineFrames = machineFrames
        self.count = count
    }

    /// The machine frame behind one of ours.
    public func machineFrame(of frame: PseudophysicalFrame) -> MachineFrame {
        precondition(frame.rawValue < count, "no machine frame is known for this frame")
        return MachineFrame(rawValue: machineFrames[Int(frame.rawValue)])
    }

    /// Our frame on a machine frame that is ours, from Xen's own table.
    public func ownFrame(of machineFrame: MachineFrame) -> PseudophysicalFrame {
        let table = UnsafePointer<UInt64>(bitPattern: UInt(MACH2PHYS_VIRT_START))
        guard let table else { preconditionFailure("Xen's frame table has no address") }
        return PseudophysicalFrame(rawValue: table[Int(machineFrame.rawValue)])
    }
}
