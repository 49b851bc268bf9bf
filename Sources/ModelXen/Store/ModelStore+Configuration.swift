// What kind of store it is: whose errors, which features, which quotas.

import CXen

extension ModelStore {
    /// The two programs that a guest may meet.
    public enum Flavour: Sendable, CaseIterable {
        /// Xen's own, in C: quotas are `ENOSPC`; a transaction sees a node as of its first look.
        case xenstored
        /// XenServer's, in OCaml: quotas are `EQUOTA`; a transaction sees all nodes as they were
        /// at its start.
        case oxenstored
    }

    /// What a domain may have. xenstored's own defaults.
    public struct Quotas: Sendable {
        /// Nodes that it owns.
        public var nodes = 1000
        /// Bytes of a value and of the names of the children.
        public var nodeByteCount = 2048
        /// Watches.
        public var watches = 128
        /// Open transactions.
        public var transactions = 10
        /// Nodes that one transaction looks at.
        public var transactionNodes = 1024
        /// Entries in a node's list of permissions.
        public var permissionsPerNode = 5
        /// Bytes of a path, `/local/domain/N/` not counted.
        public var pathByteCount = Int(XENSTORE_REL_PATH_MAX)
        /// Requests whose replies are not in the ring yet: at as many, it reads no further.
        public var outstandingRequests = 20

        /// xenstored's defaults.
        public init() {}
    }

    /// What this store is like. Given once.
    public struct Configuration: Sendable {
        /// Whose manners it has.
        public var flavour = Flavour.xenstored
        /// `XENSTORE_SERVER_FEATURE_*`.
        public var features = UInt32(
            XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR)
        /// What the guest may have. May be changed at any time through ``ModelStore/quotas``.
        public var quotas = Quotas()
        /// All four indexes of a fresh ring: a guest must not assume 0.
        public var firstIndex: UInt32 = 0
        /// Whether the guest may use what is dom0's: INTRODUCE, RELEASE, IS_DOMAIN_INTRODUCED.
        public var guestIsPrivileged = false
        /// Whether DIRECTORY_PART and RESET_WATCHES are known: older stores lack them.
        public var hasOptionalRequests = true
        /// Whether an event that waits unsent already is not queued again (Xen 4.17 and later).
        public var coalescesEvents = true

        /// xenstored, with the features of both.
        public init() {}
    }
}
