// The two event channel ABIs, as an application may want to name them.

/// How Xen tells the guest of events; chosen at boot.
public enum EventInterface: Sendable, Equatable, CustomStringConvertible {
    /// 4096 ports, no priorities. Every Xen has it.
    case twoLevel
    /// 131072 ports in 16 priorities; from Xen 4.4 on. QEMU's emulation does not have it.
    case fifo

    /// As Xen's documentation names it.
    public var description: String {
        switch self {
        case .twoLevel: "2-level"
        case .fifo: "FIFO"
        }
    }
}
