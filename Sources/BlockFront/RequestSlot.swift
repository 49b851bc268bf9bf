// Requests on a ring: what each has in flight, by the number that its response will bear.

import Grants
import Hypercalls
import Platform

/// A request in flight, or a place for one.
struct RequestSlot {
    /// The number on the wire: the slot's, and above it a count that makes it this request's own.
    var id: UInt64 = 0
    /// What the request was for.
    var operation: UInt8 = 0
    var isInFlight = false
    /// Grants to be ended with the response.
    var grantCount: Int32 = 0
    /// Operations that have a part in it.
    var partCount: Int32 = 0
    /// For more than a request itself has room for.
    var room: LargeRoom?
    var nextFree: Int32 = -1
}

/// The grants and the operations of one request.
struct RequestStorage {
    let grants: UnsafeMutablePointer<Grant>
    let parts: UnsafeMutablePointer<Int32>

    init(capacity: Int) {
        grants = .allocate(capacity: capacity)
        parts = .allocate(capacity: capacity)
    }

    private init(_ grants: UnsafeMutablePointer<Grant>, _ parts: UnsafeMutablePointer<Int32>) {
        (self.grants, self.parts) = (grants, parts)
    }

    /// A part of a larger one.
    func advanced(by count: Int) -> RequestStorage {
        RequestStorage(grants + count, parts + count)
    }

    func deallocate() {
        grants.deallocate()
        parts.deallocate()
    }
}

/// Where the segments of a large request are, and what has to be known of them. Made when it is
/// first needed, and kept for the connection.
final class LargeRoom {
    private var page: LentPages?
    /// The segments, which the backend may read.
    let segments: UnsafeMutableRawPointer
    let reference: GrantReference
    let storage: RequestStorage

    private init(_ page: consuming LentPages, segmentLimit: Int) {
        segments = page.start
        reference = page.reference(0)
        self.page = consume page
        storage = RequestStorage(capacity: segmentLimit)
    }

    /// Nil when there is no memory, or no grant.
    static func make(
        _ platform: DevicePlatform, peer: DomainID, segmentLimit: Int, isPersistent: Bool
    ) -> LargeRoom? {
        // A backend that keeps grants maps all of them for writing.
        guard let page = platform.lendPages(1, to: peer, isPersistent ? .readWrite : .readOnly)
        else { return nil }
        return LargeRoom(page, segmentLimit: segmentLimit)
    }

    /// Takes the page back.
    func end(_ platform: DevicePlatform) {
        if let page = page.take() { platform.takeBack(page) }
        storage.deallocate()
    }
}
