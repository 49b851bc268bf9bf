// The keys of `xl sysrq`, as far as they mean anything to a domain that is one application.
//
// Source: Linux's Documentation/admin-guide/sysrq.rst for the letters.

/// An order that is carried out at once, without asking the application.
public enum SysRqKey: Sendable, Equatable {
    /// `b`: end and be started again, without clean-ups.
    case reboot
    /// `o`: end for good, without clean-ups.
    case powerOff
    /// `c`: end as crashed, with a report, for a dump of memory.
    case crash
    /// `m`: say how much memory is in use.
    case showMemory
    /// `t`: say how many jobs are ready and how many tasks sleep.
    case showTasks
    /// `s`: nothing is kept back that could be written to a disk.
    case sync
    /// Any other key: say which there are.
    case help

    /// What ``help`` says.
    public static var helpLine: String {
        "apus: sysrq: b reboots at once, o powers off at once, c crashes, m shows memory, "
            + "t shows tasks, s syncs (nothing to do), h shows this"
    }

    /// The key in a value of `control/sysrq`; nil for none, or one that was taken.
    init?(_ bytes: [UInt8]) {
        guard let first = bytes.first, first != 0 else { return nil }
        switch first {
        case UInt8(ascii: "b"): self = .reboot
        case UInt8(ascii: "o"): self = .powerOff
        case UInt8(ascii: "c"): self = .crash
        case UInt8(ascii: "m"): self = .showMemory
        case UInt8(ascii: "t"): self = .showTasks
        case UInt8(ascii: "s"): self = .sync
        default: self = .help
        }
    }
}
