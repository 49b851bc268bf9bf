// What a domain is to be.

import Foundation

/// The way into the image, and the Xen under it.
public enum BootMode: String, Sendable, CaseIterable {
    case pv
    case pvh
    /// Under QEMU's Xen emulation, entered as PVH is.
    case qemu

    /// The rig that boots it.
    public var rig: RigKind { self == .qemu ? .qemuXen : .xen }
}

/// What the toolstack does with a domain that ended.
public enum EndAction: String, Sendable {
    case destroy, preserve, restart
    /// Leaves a core first, for `RunningDomain.fetchCore(timeout:)`.
    case coredumpDestroy = "coredump-destroy"
}

public struct DomainConfiguration: Sendable {
    /// Letters, digits, `-`, `_` and `.`; a name used before in this rig gets a number.
    public var name: String
    /// The image on this host.
    public var image: URL
    public var mode: BootMode
    public var memoryMiB: Int
    /// The most that it may balloon to; `memoryMiB` where nil.
    public var maximumMemoryMiB: Int?
    public var vcpus: Int
    /// The application's arguments.
    public var arguments: [String]
    /// By default an ended domain is kept until its console is read, then destroyed by the rig.
    public var onPoweroff: EndAction
    public var onReboot: EndAction
    public var onCrash: EndAction
    /// Created, but not run before `RunningDomain.unpause()`.
    public var startsPaused: Bool
    /// Disks from the start.
    public var disks: [Disk]
    /// Network cards from the start.
    public var networkCards: [NetworkCard]
    /// More lines for xl's configuration, or more arguments for QEMU.
    public var extraLines: [String]

    public init(
        name: String, image: URL, mode: BootMode, memoryMiB: Int = 64,
        maximumMemoryMiB: Int? = nil, vcpus: Int = 1, arguments: [String] = [],
        onPoweroff: EndAction = .preserve, onReboot: EndAction = .preserve,
        onCrash: EndAction = .preserve, startsPaused: Bool = false, disks: [Disk] = [],
        networkCards: [NetworkCard] = [], extraLines: [String] = []
    ) {
        self.name = name
        self.image = image
        self.mode = mode
        self.memoryMiB = memoryMiB
        self.maximumMemoryMiB = maximumMemoryMiB
        self.vcpus = vcpus
        self.arguments = arguments
        self.onPoweroff = onPoweroff
        self.onReboot = onReboot
        self.onCrash = onCrash
        self.startsPaused = startsPaused
        self.disks = disks
        self.networkCards = networkCards
        self.extraLines = extraLines
    }
}
