// The ways in.

/// How a guest was entered, and so how it talks to Xen.
public enum GuestMode: Sendable, Equatable, CustomStringConvertible {
    /// Paravirtualised: Xen keeps the page tables.
    case pv
    /// Hardware virtualised, without firmware or emulated devices. Also under QEMU.
    case pvh
    /// Not a guest: a process, as in an application's unit tests.
    case host

    /// As the toolstack's configuration spells it.
    public var description: String {
        switch self {
        case .pv: "PV"
        case .pvh: "PVH"
        case .host: "host"
        }
    }
}
