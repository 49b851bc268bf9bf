// A guest with grants, in both modes and versions, and what its tests have in common.

import CXen
import Grants
import Hypercalls
import ModelXen
import Testing

/// What grants look like to a guest.
struct Variant: CustomTestStringConvertible, Sendable {
    var isPV: Bool
    var version: GrantVersion

    static let all = [
        Variant(isPV: true, version: .one), Variant(isPV: true, version: .two),
        Variant(isPV: false, version: .one), Variant(isPV: false, version: .two),
    ]

    var testDescription: String { "\(isPV ? "PV" : "PVH"), version \(version.rawValue)" }
}

/// A guest's grants on a model of Xen.
final class Guest {
    let xen: ModelXen
    let table: GrantTable
    let mappings: ForeignMappings
    let tableWindow: UnsafeMutableRawPointer
    let mappingWindow: UnsafeMutableRawPointer
    /// Changes to windows still to let through before they run out of memory.
    var windowChangesLeft = Int.max

    init(
        _ variant: Variant, tablePageCount: Int = 9, mappingPageCount: Int = 80, seed: UInt64 = 0
    ) {
        xen = ModelXen(seed: seed)
        tableWindow = xen.makeHole(pageCount: tablePageCount)
        mappingWindow = xen.makeHole(pageCount: mappingPageCount)
        let changes = Changes()
        table = GrantTable(
            hypervisor: xen.hypervisor,
            window: Self.window(xen, tableWindow, tablePageCount, variant.isPV, changes),
            preferring: variant.version)
        mappings = ForeignMappings(
            hypervisor: xen.hypervisor,
            window: Self.window(xen, mappingWindow, mappingPageCount, variant.isPV, changes),
            ownDomain: { ModelXen.guest })
        changes.guest = self
    }

    private final class Changes {
        unowned var guest: Guest!
    }

    private static func window(
        _ xen: ModelXen, _ start: UnsafeMutableRawPointer, _ count: Int, _ isPV: Bool,
        _ changes: Changes
    ) -> PageWindow {
        let first = GuestFrame(rawValue: UInt64(UInt(bitPattern: start)) >> Page.shift)
        return PageWindow(start: start, pageCount: count, firstFrame: isPV ? nil : first) {
            [unowned xen] index, content in
            guard changes.guest.windowChangesLeft > 0 else { return false }
            changes.guest.windowChangesLeft -= 1
            // In PVH the guest's own tables need no play-acting: an address is a frame's.
            if isPV, case .frame(let number, _) = content {
                xen.show(MachineFrame(rawValue: number), at: start + index * Page.byteCount)
            }
            return true
        }
    }

    /// Lends a page of its own; its memory, too.
    func lend(
        to peer: DomainID = backend, _ access: GrantAccess = .readWrite
    ) throws(GrantTable.LendError) -> (GrantBox, page: UnsafeMutableRawPointer) {
        let page = xen.makePage()
        return (GrantBox(try table.lend(page.frame, to: peer, access)), page.start)
    }
}

let backend = DomainID(rawValue: 7)
let stranger = DomainID(rawValue: 8)

/// Holds a grant, which cannot be copied, until it is taken.
final class GrantBox {
    let reference: GrantReference
    private let place = UnsafeMutablePointer<Grant?>.allocate(capacity: 1)

    init(_ grant: consuming Grant) {
        reference = grant.reference
        place.initialize(to: grant)
    }

    deinit {
        place.deinitialize(count: 1)
        place.deallocate()
    }

    func take() -> Grant {
        guard let taken = place.pointee.take() else { preconditionFailure("the box is empty") }
        return taken
    }
}

extension GrantTable {
    /// One attempt; a refusal puts the grant back.
    func tryRevoke(_ box: GrantBox) -> (reclaimed: Bool, box: GrantBox?) {
        switch revoke(box.take()) {
        case .reclaimed: (true, nil)
        case .stillInUse(let grant): (false, GrantBox(grant))
        }
    }
}

extension Variant {
    /// The hypercall by which the table grows.
    var growth: ModelXen.Call {
        isPV
            ? ModelXen.Call(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table)
            : ModelXen.Call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap)
    }
}
