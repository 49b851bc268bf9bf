// Which Xen and which store a rig boots: the same toolstack tests run on each.

/// A release of Xen that can be booted, with the Debian release that has it.
public enum XenRelease: String, Sendable, CaseIterable {
    /// Of Debian bookworm, with Linux 6.1.
    case xen417 = "4.17"
    /// Of Debian trixie, with Linux 6.12. The rig of QEMU's Xen emulation boots this one's kernel.
    case xen420 = "4.20"

    /// Where Debian has its programs.
    var programs: String { "/usr/lib/xen-\(rawValue)/bin" }
}

/// The program that is the store. Both come with each release.
public enum StoreDaemon: String, Sendable, CaseIterable {
    /// The one in C.
    case xenstored
    /// The one in OCaml.
    case oxenstored
}

/// A Xen and a store.
public struct Flavour: Hashable, Sendable {
    public var xen: XenRelease
    public var store: StoreDaemon

    public init(xen: XenRelease = .xen420, store: StoreDaemon = .xenstored) {
        self.xen = xen
        self.store = store
    }

    /// What a rig boots when nothing is said.
    public static let standard = Flavour()
    /// The older Xen, and the other store: what a guest must not notice.
    public static let others = [Flavour(xen: .xen417), Flavour(store: .oxenstored)]
}

extension Flavour: CustomStringConvertible {
    public var description: String { "Xen \(xen.rawValue) with \(store.rawValue)" }
}
