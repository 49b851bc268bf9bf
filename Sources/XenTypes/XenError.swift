// How Xen says no: an errno of its own numbering, kept as a number so that codes of newer
// hypervisors survive.
//
// Source: xen-headers/include/xen/errno.h.

/// A hypercall's refusal.
@frozen
public struct XenError: Error, Hashable, Sendable {
    /// The positive errno.
    public let code: Int32

    /// `code` as a positive errno.
    public init(code: Int32) { self.code = code }

    /// Permission denied by Xen's policy (XEN_EPERM). Permanent.
    public static var notPermitted: XenError { XenError(code: 1) }
    /// No such thing (XEN_ENOENT). Permanent.
    public static var noEntry: XenError { XenError(code: 2) }
    /// No such domain (XEN_ESRCH). Permanent.
    public static var noDomain: XenError { XenError(code: 3) }
    /// Xen is short of memory (XEN_ENOMEM). May be transient.
    public static var outOfMemory: XenError { XenError(code: 12) }
    /// A pointer that Xen could not read or write (XEN_EFAULT). A defect of the caller.
    public static var badAddress: XenError { XenError(code: 14) }
    /// Something is in use (XEN_EBUSY). Transient.
    public static var busy: XenError { XenError(code: 16) }
    /// The thing exists already (XEN_EEXIST). Permanent.
    public static var alreadyExists: XenError { XenError(code: 17) }
    /// An argument that Xen refuses (XEN_EINVAL). Permanent.
    public static var invalidArgument: XenError { XenError(code: 22) }
    /// A limit of the domain is reached (XEN_ENOSPC). Transient once something is closed.
    public static var noSpace: XenError { XenError(code: 28) }
    /// This Xen does not have the operation (XEN_ENOSYS). Permanent.
    public static var notImplemented: XenError { XenError(code: 38) }
    /// This Xen has the operation but not for this guest (XEN_EOPNOTSUPP). Permanent.
    public static var notSupported: XenError { XenError(code: 95) }

    /// Throws when a hypercall's result is negative, and returns it otherwise.
    @inline(__always)
    public static func check(_ result: Int64) throws(XenError) -> Int64 {
        guard result < 0 else { return result }
        throw XenError(code: Int32(truncatingIfNeeded: -result))
    }
}

extension XenError: CustomStringConvertible {
    /// The number with Xen's own name where it is a common one, e.g. `22 (EINVAL)`.
    public var description: String {
        guard let name else { return "\(code)" }
        return "\(code) (\(name))"
    }

    private var name: StaticString? {
        switch self {
        case .notPermitted: "EPERM"
        case .noEntry: "ENOENT"
        case .noDomain: "ESRCH"
        case .outOfMemory: "ENOMEM"
        case .badAddress: "EFAULT"
        case .busy: "EBUSY"
        case .alreadyExists: "EEXIST"
        case .invalidArgument: "EINVAL"
        case .noSpace: "ENOSPC"
        case .notImplemented: "ENOSYS"
        case .notSupported: "EOPNOTSUPP"
        default: nil
        }
    }
}
