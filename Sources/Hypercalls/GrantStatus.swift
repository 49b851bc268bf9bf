// How Xen says no to a grant operation: a status of its own in each structure, kept as a number.
//
// Source: xen-headers/include/xen/grant_table.h, GNTST_*.

import CXen

/// Why one operation on a grant failed, Xen's `GNTST_*`: zero or less.
@frozen
public struct GrantStatus: RawRepresentable, Error, Hashable, Sendable {
    /// The number as Xen's ABI spells it.
    public let rawValue: Int16

    /// Any 16-bit value: a newer Xen may have codes that this one has not.
    public init(rawValue: Int16) { self.rawValue = rawValue }

    private init(_ code: Int32) { rawValue = Int16(truncatingIfNeeded: code) }

    /// It was done.
    public static var okay: GrantStatus { GrantStatus(GNTST_okay) }
    /// What has no name of its own. Permanent, or Xen is out of something.
    public static var generalError: GrantStatus { GrantStatus(GNTST_general_error) }
    /// No such domain, or it is dying. Permanent.
    public static var badDomain: GrantStatus { GrantStatus(GNTST_bad_domain) }
    /// No such grant to this domain, or not of that kind. Permanent for this reference.
    public static var badReference: GrantStatus { GrantStatus(GNTST_bad_gntref) }
    /// No such mapping. A defect of the caller.
    public static var badHandle: GrantStatus { GrantStatus(GNTST_bad_handle) }
    /// The address to map at, or to unmap, cannot be that. A defect of the caller.
    public static var badAddress: GrantStatus { GrantStatus(GNTST_bad_virt_addr) }
    /// The grant is read-only, or in use in another way. Permanent for this reference.
    public static var permissionDenied: GrantStatus { GrantStatus(GNTST_permission_denied) }
    /// The granted frame is none. Permanent for this reference.
    public static var badPage: GrantStatus { GrantStatus(GNTST_bad_page) }
    /// A copy that crosses the end of a page. A defect of the caller.
    public static var badCopyArgument: GrantStatus { GrantStatus(GNTST_bad_copy_arg) }
    /// A frame number beyond what an operation can name. Permanent.
    public static var addressTooBig: GrantStatus { GrantStatus(GNTST_address_too_big) }
    /// The granted page is not there yet (paged out, or shared). Transient.
    public static var tryAgain: GrantStatus { GrantStatus(GNTST_eagain) }
    /// This domain has all the mappings that Xen allows it. Transient.
    public static var noSpace: GrantStatus { GrantStatus(GNTST_no_space) }

    /// Throws unless the operation was done.
    public func check() throws(GrantStatus) {
        guard rawValue == 0 else { throw self }
    }
}

/// A refusal of an operation on the grant table as a whole: of the hypercall, or in its structure.
@frozen
public enum GrantRefusal: Error, Hashable, Sendable {
    /// The hypercall itself.
    case hypercall(XenError)
    /// The status that it left.
    case status(GrantStatus)
}
