// The small numbers by which Xen names things, each a type of its own.
//
// Source: xen-headers/include/xen (domid_t, evtchn_port_t, vcpu ids).

/// A domain, Xen's `domid_t`: 16 bits, of which values from 0x7FF0 up have special meanings.
@frozen
public struct DomainID: RawRepresentable, Hashable, Sendable {
    /// The number as Xen's ABI spells it.
    public let rawValue: UInt16

    /// Any 16-bit value; Xen judges whether such a domain exists.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The calling domain (`DOMID_SELF`).
    public static var current: DomainID { DomainID(rawValue: 0x7FF0) }
    /// The control domain.
    public static var control: DomainID { DomainID(rawValue: 0) }
}

/// One end of an event channel, local to this domain (`evtchn_port_t`). Port 0 is never valid.
@frozen
public struct Port: RawRepresentable, Hashable, Sendable {
    /// The number as Xen's ABI spells it.
    public let rawValue: UInt32

    /// Any 32-bit value; Xen judges whether such a port exists.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// A grant of some domain to another, Xen's `grant_ref_t`: an index into the granting domain's
/// table. What a peer is told through xenstore or a ring so that it can map or copy the page.
@frozen
public struct GrantReference: RawRepresentable, Hashable, Sendable {
    /// The number as Xen's ABI spells it.
    public let rawValue: UInt32

    /// Any 32-bit value; Xen judges whether such a grant exists.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// A virtual CPU of this domain, counted from zero.
@frozen
public struct VCPUID: RawRepresentable, Hashable, Sendable {
    /// The number as Xen's ABI spells it.
    public let rawValue: UInt32

    /// Any 32-bit value; Xen judges whether such a vCPU exists.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The vCPU a domain starts on.
    public static var boot: VCPUID { VCPUID(rawValue: 0) }
}
