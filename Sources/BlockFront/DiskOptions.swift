// What a driver makes use of, where the backend offers it.

/// Which parts of the protocol are used, and how much of the domain's memory may go into it.
///
/// Each part can be turned off; what is left is the protocol that every backend has.
public struct DiskOptions: Hashable, Sendable {
    /// The ring has at most 2 to this many pages, of 32 requests each (`max-ring-page-order`):
    /// 0 to 4.
    public var ringPageOrderLimit: UInt64 = 2
    /// Rings that are asked for (`multi-queue-max-queues`): one for each vCPU that runs jobs.
    public var queueCount: UInt64 = 1
    /// Pages in one request at most, where the backend takes more than 11
    /// (`feature-max-indirect-segments`): to 256; less than 12 turns it off.
    public var indirectSegmentLimit: UInt64 = 64
    /// Whether a buffer stays lent between requests (`feature-persistent`). The backend is spared
    /// mapping it each time, and may change its contents at any time, also after a read.
    public var usesPersistentGrants = false
    /// Pages that stay lent at most.
    public var lastingPageLimit = 1024
    /// Whether the backend's cache is flushed (`feature-flush-cache`).
    public var usesFlush = true
    /// Whether it is flushed by a barrier where there is nothing else (`feature-barrier`).
    public var usesBarrier = true
    /// Whether sectors are discarded (`feature-discard`).
    public var usesDiscard = true
    /// Whether they may be discarded for good (`discard-secure`).
    public var usesSecureDiscard = true
    /// Whether requests of neighbouring sectors that wait together go as one.
    public var mergesRequests = true
    /// Requests of the application that may wait or be in flight; further ones wait for a place.
    public var requestLimit = 256
    /// Nanoseconds for which requests wait for a backend that has gone away.
    public var patienceNanoseconds: UInt64 = 30_000_000_000
    /// Where the indexes of a ring begin; other than 0 for tests of their wrap.
    public var firstIndex: UInt32 = 0

    /// Everything but persistent grants.
    public init() {}
}
