// Xen's books on the guest's grants: its table, who uses what of it, and what the guest has mapped.
//
// Source: Xen's common/grant_table.c.

import CXen
import Hypercalls

/// The grant side of a model.
final class ModelGrants {
    /// How often a grant of the guest is in use.
    struct Pin {
        var frame: GuestFrame
        var readers = 0
        var writers = 0
    }

    /// A page that the guest has mapped.
    struct Mapping {
        let address: UInt64
        let owner: DomainID
        let reference: GrantReference
        let isWritable: Bool
    }

    /// A refusal that is laid in wait.
    struct Fault {
        let operation: ModelXen.GrantOperation
        let status: GrantStatus
        var passes: Int
        var refusals: Int
        let probability: Double
    }

    /// Made when grants are first used: most models have none.
    lazy var frames = ModelFrames()
    var version: UInt32 = 1
    var table: [MachineFrame] = []
    var statuses: [MachineFrame] = []
    var pins: [GrantReference: Pin] = [:]
    var mappings: [grant_handle_t: Mapping] = [:]
    var lastHandle: grant_handle_t = 0
    var faults: [Fault] = []

    var entriesPerFrame: Int { version == 1 ? 512 : 256 }
    var entryCount: Int { table.count * entriesPerFrame }

    func entry(_ reference: GrantReference) -> ModelGrantEntry? {
        let index = Int(reference.rawValue)
        guard index < entryCount else { return nil }
        let page = frames[table[index / entriesPerFrame]]
        let entry = page + index % entriesPerFrame * (Page.byteCount / entriesPerFrame)
        guard version == 2 else {
            return ModelGrantEntry(version: 1, entry: entry, status: entry)
        }
        let status = frames[statuses[index / 2048]] + index % 2048 * 2
        return ModelGrantEntry(version: 2, entry: entry, status: status)
    }

    /// Grows the table to `count` frames, and its status frames with it.
    func grow(to count: Int, limit: Int) throws(GrantStatus) {
        guard count <= limit else { throw .generalError }
        while table.count < count { table.append(frames.take()) }
        while version == 2, statuses.count * 2048 < entryCount { statuses.append(frames.take()) }
    }

    /// Begins a use of the guest's grant by another domain; the granted frame.
    func pin(
        _ reference: GrantReference, by domain: DomainID, writable: Bool
    ) throws(GrantStatus) -> GuestFrame {
        guard let entry = entry(reference) else { throw .badReference }
        var pin = pins[reference] ?? Pin(frame: entry.frame)
        try entry.mark(by: domain, writable: writable)
        if writable { pin.writers += 1 } else { pin.readers += 1 }
        pins[reference] = pin
        return pin.frame
    }

    /// Ends one.
    func unpin(_ reference: GrantReference, writable: Bool) {
        guard var pin = pins[reference], let entry = entry(reference) else {
            preconditionFailure("a use ends that did not begin")
        }
        if writable { pin.writers -= 1 } else { pin.readers -= 1 }
        if pin.writers == 0 { entry.clear(UInt16(GTF_writing)) }
        guard pin.writers + pin.readers == 0 else {
            pins[reference] = pin
            return
        }
        pins[reference] = nil
        entry.clear(UInt16(GTF_reading))
    }
}

extension ModelXen {
    /// The grant operations whose statuses a test may have refused.
    public enum GrantOperation: Sendable {
        /// GNTTABOP_map_grant_ref.
        case map
        /// GNTTABOP_unmap_grant_ref.
        case unmap
        /// GNTTABOP_copy.
        case copy
    }

    /// Refuses `times` operations of a kind, after letting `passes` through: single ones, not
    /// whole batches.
    public func refuse(
        _ operation: GrantOperation, with status: GrantStatus, times: Int = .max,
        after passes: Int = 0, probability: Double = 1
    ) {
        grants.faults.append(
            ModelGrants.Fault(
                operation: operation, status: status, passes: passes, refusals: times,
                probability: probability))
    }

    /// Refuses no grant operations any more.
    public func removeGrantFaults() { grants.faults = [] }

    func grantFault(for operation: GrantOperation) throws(GrantStatus) {
        for index in grants.faults.indices where grants.faults[index].operation == operation {
            guard grants.faults[index].passes == 0 else {
                grants.faults[index].passes -= 1
                continue
            }
            let fault = grants.faults[index]
            guard fault.refusals > 0, generator.happens(withProbability: fault.probability) else {
                continue
            }
            grants.faults[index].refusals -= 1
            throw fault.status
        }
    }
}

/// What is left of grants: what a test checks for leaks at its end.
public struct ModelGrantCount: Equatable, Sendable {
    /// Entries of the guest's table that are not free, those of the toolstack left out.
    public var entries = 0
    /// Uses that peers make of the guest's pages.
    public var peerUses = 0
    /// Pages that the guest has mapped.
    public var mappings = 0

    /// Nothing at all.
    public init() {}
}

extension ModelXen {
    /// What is left of grants now.
    public var grantCount: ModelGrantCount {
        var count = ModelGrantCount()
        for number in Int(GNTTAB_NR_RESERVED_ENTRIES)..<max(8, grants.entryCount) {
            let entry = grants.entry(GrantReference(rawValue: UInt32(number)))
            if entry?.isLive == true || entry?.isMarked == true { count.entries += 1 }
        }
        count.peerUses = grants.pins.values.reduce(0) { $0 + $1.readers + $1.writers }
        count.mappings = grants.mappings.count
        return count
    }

    /// Whether a frame of the guest's can be reached by another domain, now or later.
    public func isGranted(_ frame: GuestFrame) -> Bool {
        if grants.pins.values.contains(where: { $0.frame == frame }) { return true }
        for number in Int(GNTTAB_NR_RESERVED_ENTRIES)..<max(8, grants.entryCount) {
            let entry = grants.entry(GrantReference(rawValue: UInt32(number)))
            if let entry, entry.isLive, entry.frame == frame { return true }
        }
        return false
    }

    /// An entry of the guest's table, once the guest has one that long.
    public func grantEntry(_ reference: GrantReference) -> ModelGrantEntry? {
        grants.entry(reference)
    }

    /// Gives the guest the empty table of a new domain, as a resume does. Peers' mappings of the
    /// old domain's pages are gone with it.
    public func replaceGrantTable() {
        for peer in peers.values { peer.forgetMappings() }
        grants.table = []
        grants.statuses = []
        grants.pins = [:]
        grants.version = 1
    }

    /// The version of the guest's table.
    public var grantVersion: UInt32 { grants.version }
    /// Frames of the guest's table.
    public var grantFrameCount: Int { grants.table.count }

    /// Addresses of the guest's at which nothing is: guest frames that are no memory, and page
    /// table entries that map nothing. An access ends the process.
    public func makeHole(pageCount: Int) -> UnsafeMutableRawPointer {
        grants.frames.makeHole(pageCount: pageCount)
    }

    /// Has a page of a hole show a frame of Xen's: a PV guest's own page table entry.
    public func show(_ frame: MachineFrame, at page: UnsafeMutableRawPointer) {
        grants.frames.show(frame, at: UInt64(UInt(bitPattern: page)), writable: true)
    }
}
