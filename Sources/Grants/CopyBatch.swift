// Copies by Xen between pages of this domain and pages that others lend to it.
//
// Cheaper than a mapping for less than a page or so, and safe by itself: what was copied cannot
// change any more.
// Source: xen-headers/include/xen/grant_table.h, GNTTABOP_copy.

import CXen
import Hypercalls

/// One end of a copy: bytes within one page.
@frozen
public struct CopyPlace: Equatable, Sendable {
    @usableFromInline
    enum Whose: Equatable, Sendable {
        case own(GuestFrame)
        case granted(GrantReference, of: DomainID)
    }

    let page: Whose
    let offset: Int

    /// Bytes of a page of this domain, from `offset` on.
    public static func own(_ frame: GuestFrame, offset: Int = 0) -> CopyPlace {
        CopyPlace(page: .own(frame), offset: offset)
    }

    /// Bytes of a page that `domain` lends, from `offset` on.
    public static func granted(
        _ reference: GrantReference, of domain: DomainID, offset: Int = 0
    ) -> CopyPlace {
        CopyPlace(page: .granted(reference, of: domain), offset: offset)
    }
}

/// Copies that Xen does in one hypercall, each with a status of its own.
public struct CopyBatch {
    /// Why a copy was not added.
    public enum AddError: Error, Equatable {
        /// It would leave a page at one of its ends. Permanent: split it.
        case crossesPage
        /// The batch has as many as it may. Run it, and empty it.
        case full
    }

    /// How often what needs patience is asked for again.
    private static let attemptLimit = 8

    /// Copies that there is room for.
    public let capacity: Int
    private var operations: [gnttab_copy] = []

    /// An empty batch, with room made for `capacity` copies of 40 bytes.
    public init(capacity: Int = 64) {
        self.capacity = capacity
        operations.reserveCapacity(capacity)
    }

    /// How many copies there are.
    public var count: Int { operations.count }

    /// Adds a copy of `byteCount` bytes, 0 to 4096.
    public mutating func add(
        from source: CopyPlace, to destination: CopyPlace, byteCount: Int
    ) throws(AddError) {
        for place in [source, destination] {
            guard place.offset >= 0, byteCount >= 0, place.offset <= Page.byteCount,
                byteCount <= Page.byteCount - place.offset
            else { throw .crossesPage }
        }
        guard operations.count < capacity else { throw .full }
        var operation = gnttab_copy()
        var flags: Int32 = 0
        operation.source = Self.pointer(source, &flags, GNTCOPY_source_gref)
        operation.dest = Self.pointer(destination, &flags, GNTCOPY_dest_gref)
        operation.len = UInt16(byteCount)
        operation.flags = UInt16(flags)
        operation.status = GrantStatus.generalError.rawValue
        operations.append(operation)
    }

    private static func pointer(
        _ place: CopyPlace, _ flags: inout Int32, _ flag: Int32
    ) -> gnttab_copy_ptr {
        var pointer = gnttab_copy_ptr()
        switch place.page {
        case .own(let frame):
            pointer.u.gmfn = frame.rawValue
            pointer.domid = DomainID.current.rawValue
        case .granted(let reference, let domain):
            pointer.u.ref = reference.rawValue
            pointer.domid = domain.rawValue
            flags |= flag
        }
        pointer.offset = UInt16(place.offset)
        return pointer
    }

    /// Has Xen do them, in order. What has to wait for a page is asked for again a few times;
    /// ``status(at:)`` then says what came of each.
    ///
    /// - Throws: Xen's refusal of the hypercall; `notImplemented` under QEMU's emulation.
    public mutating func run(on hypervisor: Hypervisor) throws(XenError) {
        let count = operations.count
        try operations.withUnsafeMutableBufferPointer { buffer throws(XenError) in
            try hypervisor.copyGrants(buffer)
            guard let first = buffer.baseAddress else { return }
            for index in 0..<count {
                for _ in 0..<Self.attemptLimit
                where buffer[index].status == GrantStatus.tryAgain.rawValue {
                    hypervisor.yield()
                    try hypervisor.copyGrants(.init(start: first + index, count: 1))
                }
            }
        }
    }

    /// What came of a copy; `generalError` before the batch was run.
    public func status(at index: Int) -> GrantStatus {
        GrantStatus(rawValue: operations[index].status)
    }

    /// The first copy that failed, and how; nil when all were done.
    public var firstFailure: (index: Int, status: GrantStatus)? {
        for index in 0..<operations.count where operations[index].status != 0 {
            return (index, status(at: index))
        }
        return nil
    }

    /// Empties the batch, and keeps its room.
    public mutating func removeAll() { operations.removeAll(keepingCapacity: true) }
}
