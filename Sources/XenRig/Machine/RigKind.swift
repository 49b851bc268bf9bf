// The two machines that can be booted.

/// Which Xen a rig has.
public enum RigKind: String, Sendable, CaseIterable {
    /// The Xen hypervisor with a Linux dom0, under QEMU's software emulation.
    case xen
    /// Linux with nested KVM, in which a second QEMU emulates Xen.
    case qemuXen
}

/// What a rig is booted with.
public struct RigOptions: Sendable {
    /// All memory of the emulated machine, in MiB. Domains share what dom0 (768) leaves.
    public var memoryMiB: Int
    /// One nanosecond of guest time is one instruction, the same on every run; twice as slow.
    public var instructionCounting: Bool
    /// The Debian mirror for the root image, if one must be built and apt's is not to be used.
    public var mirror: String?
    /// How long the machine may take to come up.
    public var bootTimeout: Duration
    /// Which Xen and store. The rig of QEMU's Xen emulation has neither: only the standard one.
    public var flavour: Flavour

    public init(
        memoryMiB: Int = 2048, instructionCounting: Bool = false, mirror: String? = nil,
        bootTimeout: Duration = .seconds(180), flavour: Flavour = .standard
    ) {
        self.memoryMiB = memoryMiB
        self.instructionCounting = instructionCounting
        self.mirror = mirror
        self.bootTimeout = bootTimeout
        self.flavour = flavour
    }
}
