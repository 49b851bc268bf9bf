// Network cards, as xl's configuration writes them.
// Source: xl-network-configuration(5).

/// A network card of a domain, on the bridge `xenbr0` of dom0, served by Linux's netback.
public struct NetworkCard: Equatable, Sendable {
    /// As `00:16:3e:01:02:03`; made up by xl where nil.
    public var address: String?

    public init(address: String? = nil) { self.address = address }

    /// The words of `xl network-attach`.
    var words: [String] { (address.map { ["mac=\($0)"] } ?? []) + ["script=rig-network"] }

    /// The word of `vif = [...]`.
    public var specification: String { words.joined(separator: ",") }
}
