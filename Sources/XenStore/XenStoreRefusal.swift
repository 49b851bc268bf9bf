// The store's words for no.
//
// Source: xenstore.txt, "ERROR"; Xen public/io/xs_wire.h, xsd_errors; for EQUOTA, oxenstored.

/// The name of an error as the store sent it, kept as it is so that unknown ones survive.
public struct XenStoreRefusal: RawRepresentable, Hashable, Sendable {
    /// Such as `ENOENT`.
    public let rawValue: String

    /// Any name; an unknown one is as good as a known.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Nothing is at this path.
    public static var notFound: Self { Self(rawValue: "ENOENT") }
    /// This domain may not do this at this path.
    public static var accessDenied: Self { Self(rawValue: "EACCES") }
    /// Only the control domain may do this.
    public static var notPermitted: Self { Self(rawValue: "EPERM") }
    /// There is one already, of a watch: with this path and token.
    public static var alreadyExists: Self { Self(rawValue: "EEXIST") }
    /// The store could make nothing of the request.
    public static var invalidArgument: Self { Self(rawValue: "EINVAL") }
    /// Somebody else changed what a transaction has seen.
    public static var tryAgain: Self { Self(rawValue: "EAGAIN") }
    /// Too many transactions at a time, or one within another.
    public static var busy: Self { Self(rawValue: "EBUSY") }
    /// The answer, or in oxenstored the value, is too big.
    public static var tooBig: Self { Self(rawValue: "E2BIG") }
    /// In the C xenstored: a quota is used up.
    public static var noSpace: Self { Self(rawValue: "ENOSPC") }
    /// In oxenstored: a quota is used up.
    public static var quotaExceeded: Self { Self(rawValue: "EQUOTA") }
    /// The store has no memory left.
    public static var outOfMemory: Self { Self(rawValue: "ENOMEM") }
    /// The store does not have this operation.
    public static var notImplemented: Self { Self(rawValue: "ENOSYS") }

    /// Whether a limit of this domain was met, in the words of either store: the C one says
    /// `ENOSPC` of everything, oxenstored `EQUOTA`, and `E2BIG` of a value. What helps is to
    /// remove nodes, watches or transactions. `E2BIG` of a list is no quota, and is not met:
    /// ``XenStoreOperations/list(_:)`` asks for it in parts.
    public var isQuota: Bool { self == .noSpace || self == .quotaExceeded || self == .tooBig }
}
