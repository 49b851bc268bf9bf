// How the toolstack asks a domain to end.
//
// Source: Xen's docs/misc/xenstore-paths.pandoc, ~/control/shutdown.

import Hypercalls

/// What the toolstack, or the application itself, wants the domain to do.
public enum ShutdownRequest: Sendable, Equatable {
    /// End for good.
    case powerOff
    /// End for good; to a domain it is the same.
    case halt
    /// End, and be started again.
    case reboot

    /// What Xen is told in the end.
    public var reason: ShutdownReason { self == .reboot ? .reboot : .powerOff }
}

/// A word in `control/shutdown`.
enum ShutdownWord: Equatable {
    case request(ShutdownRequest)
    /// The domain is to be saved, which it cannot be.
    case suspend
    /// Nothing, or what is left of a word that was acknowledged.
    case none
    case unknown

    init(_ bytes: [UInt8]) {
        switch String(decoding: bytes.prefix(16), as: UTF8.self) {
        case "": self = .none
        case "poweroff": self = .request(.powerOff)
        case "halt": self = .request(.halt)
        case "reboot": self = .request(.reboot)
        case "suspend": self = .suspend
        default: self = .unknown
        }
    }
}
