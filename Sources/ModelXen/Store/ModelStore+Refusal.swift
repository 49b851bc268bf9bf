// How a store says no: by a name, of which a guest may meet some that it does not know.
//
// Source: xen-headers/include/xen/xs_wire.h; what xenstored and oxenstored send.

extension ModelStore {
    /// The name in an XS_ERROR.
    public struct Refusal: Error, Hashable, Sendable {
        /// Such as `ENOENT`.
        public let name: String

        /// Any name.
        public init(_ name: String) { self.name = name }

        /// No such node, watch or transaction.
        public static var noEntry: Refusal { Refusal("ENOENT") }
        /// Not allowed to this domain.
        public static var accessDenied: Refusal { Refusal("EACCES") }
        /// Malformed.
        public static var invalidArgument: Refusal { Refusal("EINVAL") }
        /// There is such a watch.
        public static var alreadyExists: Refusal { Refusal("EEXIST") }
        /// A quota of xenstored's.
        public static var noSpace: Refusal { Refusal("ENOSPC") }
        /// Longer than a message or, in oxenstored, than a node may be.
        public static var tooBig: Refusal { Refusal("E2BIG") }
        /// A quota of oxenstored's.
        public static var quota: Refusal { Refusal("EQUOTA") }
        /// A transaction in conflict.
        public static var again: Refusal { Refusal("EAGAIN") }
        /// No such request.
        public static var notImplemented: Refusal { Refusal("ENOSYS") }
        /// Not the owner's to give away.
        public static var notPermitted: Refusal { Refusal("EPERM") }
        /// A transaction within one.
        public static var busy: Refusal { Refusal("EBUSY") }
        /// A transaction that failed before its end.
        public static var outOfMemory: Refusal { Refusal("ENOMEM") }
    }
}
