// Network cards, as xl's configuration and QEMU's command line write them.
// Source: xl-network-configuration(5); QEMU's documentation, "Xen HVM guest support".

/// A network card of a domain on a bridge of dom0: served by Linux's netback, or, under QEMU's Xen
/// emulation, by the QEMU that is the domain.
public struct NetworkCard: Equatable, Sendable {
    /// As `00:16:3e:01:02:03`; made up by the toolstack where nil.
    public var address: String?
    /// Made when its first card comes. Under QEMU's Xen emulation there is only `xenbr0`.
    public var bridge: String
    /// Bytes of the largest IP packet; the toolstack's where nil. Not for QEMU's Xen emulation.
    public var mtu: Int?

    public init(address: String? = nil, bridge: String = "xenbr0", mtu: Int? = nil) {
        self.address = address
        self.bridge = bridge
        self.mtu = mtu
    }

    /// The words of `xl network-attach`.
    var words: [String] {
        var words = address.map { ["mac=\($0)"] } ?? []
        if bridge != "xenbr0" { words.append("bridge=\(bridge)") }
        if let mtu { words.append("mtu=\(mtu)") }
        return words + ["script=rig-network"]
    }

    /// The word of `vif = [...]`.
    public var specification: String { words.joined(separator: ",") }

    /// Where the root image has the script that puts a tap on the bridge.
    static let tapScript = "etc/xen/scripts/rig-tap"

    /// The words of QEMU's command line, for its own emulation of Xen.
    func qemuArguments(number: Int) -> [String] {
        precondition(bridge == "xenbr0" && mtu == nil, "QEMU's cards are on one bridge")
        return [
            "-netdev", "tap,id=net\(number),script=/\(Self.tapScript),downscript=no",
            "-device",
            "xen-net-device,netdev=net\(number)" + (address.map { ",mac=\($0)" } ?? ""),
        ]
    }
}
