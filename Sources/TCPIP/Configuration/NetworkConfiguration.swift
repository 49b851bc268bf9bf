// The configurations of all interfaces, out of a command line or a directory of XenStore.

/// How the interfaces of a host are to be configured.
public struct NetworkConfiguration: Equatable, Sendable {
    /// Interfaces beyond this number have no configuration of their own.
    public static let interfaceLimit = 64

    /// What applies to an interface that has nothing of its own.
    public var standard = InterfaceConfiguration()
    /// What applies to the interface with a number.
    public var interfaces: [Int: InterfaceConfiguration] = [:]

    /// Every interface by itself: DHCP and automatic IPv6.
    public init() {}

    /// What applies to the interface with this number.
    public func configuration(of interface: Int) -> InterfaceConfiguration {
        interfaces[interface] ?? standard
    }

    /// Reads those words of a command line that concern the network: `net=KEYS` is for all
    /// interfaces, `net0=KEYS` for one. The rest is left to others.
    ///
    /// `net0=ip=192.0.2.7/24,gateway=192.0.2.1 net1=ip=dhcp,ip6=off`
    public init(arguments: [String]) throws(ConfigurationFault) {
        self.init()
        var seen: Set<String> = []
        for argument in arguments where argument.utf8.starts(with: "net".utf8) {
            let text = argument[...].utf8
            guard let sign = text.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = text[..<sign]
            let digits = name.dropFirst(3)
            guard digits.isEmpty || digits.allSatisfy({ ASCII.digit($0) != nil }) else { continue }
            let key = String(decoding: name, as: UTF8.self)
            guard seen.insert(key).inserted else { throw ConfigurationFault(key, "is there twice") }
            let value = String(decoding: text[text.index(after: sign)...], as: UTF8.self)
            let configuration = try Self.read(value, of: key)
            if digits.isEmpty {
                standard = configuration
            } else {
                guard let number = ASCII.decimal(digits, limit: UInt32(Self.interfaceLimit - 1))
                else {
                    throw ConfigurationFault(key, "interfaces are net0 to net63")
                }
                interfaces[Int(number)] = configuration
            }
        }
    }

    private static func read(
        _ text: String, of name: String
    ) throws(ConfigurationFault) -> InterfaceConfiguration {
        do throws(ConfigurationFault) {
            return try InterfaceConfiguration(text)
        } catch {
            throw ConfigurationFault("\(name): \(error.key)", error.reason)
        }
    }
}
