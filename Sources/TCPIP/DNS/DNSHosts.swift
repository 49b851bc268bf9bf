// Names that need no server.
//
// Source: RFC 6761 sections 6.3 (localhost) and 6.4 (invalid); hosts(5) for the file.

/// The host's own table of names.
public struct DNSHosts: Sendable {
    /// How many names and addresses there may be.
    public static let limit = 1024

    private var addresses: [DNSName: [IPAddress]] = [:]
    private var names: [IPAddress: DNSName] = [:]
    private var count = 0

    /// A table with nothing but `localhost`, which is always there.
    public init() {}

    /// Reads a file of lines with an address and its names; `#` begins a comment. Lines that
    /// say something else are left out, as is what exceeds ``limit``.
    public init(file text: String) {
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let end = line.firstIndex(of: UInt8(ascii: "#")) ?? line.endIndex
            let words = line[..<end].split { $0 == 0x20 || $0 == 0x09 }
            guard let first = words.first, let address = IPAddress(utf8: first) else { continue }
            for word in words.dropFirst() {
                guard let name = DNSName(utf8: word) else { continue }
                add(name, address)
            }
        }
    }

    /// Gives a name an address, besides those that it has. The first name of an address is the
    /// one that is found by it. False when the table is full.
    @discardableResult
    public mutating func add(_ name: DNSName, _ address: IPAddress) -> Bool {
        guard count < Self.limit else { return false }
        count += 1
        addresses[name, default: []].append(address)
        if names[address] == nil { names[address] = name }
        return true
    }

    /// What the table says. Where it knows a name, no server is asked for any type of record.
    func finding(_ question: DNSQuestion) -> DNSFinding? {
        if question.name.isWithin(Self.localhost) {
            return Self.records(question, [.v6(.loopback), .v4(.loopback)])
        }
        if question.name.isWithin(Self.invalid) { return .noSuchName }
        if let addresses = addresses[question.name] { return Self.records(question, addresses) }
        guard question.type == .ptr else { return nil }
        for address in [IPAddress.v4(.loopback), .v6(.loopback)] {
            if question.name == DNSName(reverse: address) {
                return .records([.pointer(names[address] ?? Self.localhost)], of: question.name)
            }
        }
        for (address, name) in names where DNSName(reverse: address) == question.name {
            return .records([.pointer(name)], of: question.name)
        }
        return nil
    }

    private static func records(_ question: DNSQuestion, _ all: [IPAddress]) -> DNSFinding {
        let contents = all.map(DNSRecord.Content.address).filter { $0.type == question.type }
        return contents.isEmpty ? .noRecords : .records(contents, of: question.name)
    }

    private static var localhost: DNSName {
        DNSName(unchecked: [9] + Array("localhost".utf8) + [0])
    }

    private static var invalid: DNSName { DNSName(unchecked: [7] + Array("invalid".utf8) + [0]) }
}
