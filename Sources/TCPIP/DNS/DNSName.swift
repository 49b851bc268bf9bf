// Names of the Domain Name System.
//
// Source: RFC 1035 sections 2.3.4 (limits), 3.1 (labels) and 5.1 (text); RFC 4343 (case); RFC 2181
// section 11 (any byte may be in a label).

/// A name, all the way to the root. Names that differ only in the case of letters are equal.
@frozen
public struct DNSName: Sendable {
    /// Bytes that a name takes in a message, lengths and the root's zero included (RFC 1035
    /// section 2.3.4).
    public static let byteLimit = 255
    /// Bytes of a label (RFC 1035 section 2.3.4).
    public static let labelLimit = 63

    /// As in a message, without compression: each label after its length, and a zero.
    public let wireBytes: [UInt8]

    /// `wireBytes` must be well formed.
    init(unchecked wireBytes: [UInt8]) { self.wireBytes = wireBytes }

    /// The root, which has no labels.
    public static let root = DNSName(unchecked: [0])

    /// The root has no labels, `www.example.` has two.
    public var labelCount: Int {
        var count = 0
        var position = 0
        // Ends: every step is at least one byte further.
        while wireBytes[position] != 0 {
            count += 1
            position += Int(wireBytes[position]) + 1
        }
        return count
    }

    /// The name without its first label; the root's is the root.
    public var parent: DNSName {
        guard wireBytes[0] != 0 else { return self }
        return DNSName(unchecked: Array(wireBytes[(Int(wireBytes[0]) + 1)...]))
    }

    /// Whether this name is `ancestor` or lies below it.
    public func isWithin(_ ancestor: DNSName) -> Bool {
        let start = wireBytes.count - ancestor.wireBytes.count
        guard start >= 0 else { return false }
        // The tail must begin where a label does: bytes may look like a length.
        var position = 0
        while position < start { position += Int(wireBytes[position]) + 1 }
        guard position == start else { return false }
        return Self.areEqual(wireBytes[start...], ancestor.wireBytes[...])
    }

    /// This name followed by `suffix`, or nil when it is too long.
    public func appending(_ suffix: DNSName) -> DNSName? {
        guard wireBytes.count - 1 + suffix.wireBytes.count <= Self.byteLimit else { return nil }
        return DNSName(unchecked: wireBytes.dropLast() + suffix.wireBytes)
    }

    /// Whether all labels are such as hosts have: letters, digits, dashes (not at an end) and,
    /// as is found in the field, underscores (RFC 1123 section 2.1).
    public var isHostName: Bool {
        var position = 0
        while wireBytes[position] != 0 {
            let label = wireBytes[position + 1..<position + 1 + Int(wireBytes[position])]
            let dash = UInt8(ascii: "-")
            guard label.first != dash, label.last != dash else { return false }
            guard label.allSatisfy(Self.isHostCharacter) else { return false }
            position += label.count + 1
        }
        return position > 0
    }

    private static func isHostCharacter(_ character: UInt8) -> Bool {
        ASCII.digit(character) != nil || character == UInt8(ascii: "-")
            || character == UInt8(ascii: "_")
            || ASCII.lowercased(character) &- UInt8(ascii: "a") < 26
    }

    /// Lengths are below 64 and no letters, so that whole names are compared at once.
    private static func areEqual(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { ASCII.lowercased($0) == ASCII.lowercased($1) }
    }
}

extension DNSName: Hashable {
    /// Whether they are the same name (RFC 4343 section 3).
    public static func == (left: DNSName, right: DNSName) -> Bool {
        areEqual(left.wireBytes[...], right.wireBytes[...])
    }

    /// Equal names feed equal bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in wireBytes { hasher.combine(ASCII.lowercased(byte)) }
    }
}

extension DNSName: LosslessStringConvertible {
    /// Labels with dots between and one at the end; dots and backslashes in a label have a
    /// backslash before them, other bytes that cannot be printed are \DDD (RFC 1035 section
    /// 5.1).
    public var description: String {
        guard wireBytes[0] != 0 else { return "." }
        var text: [UInt8] = []
        var position = 0
        while wireBytes[position] != 0 {
            let end = position + 1 + Int(wireBytes[position])
            for byte in wireBytes[position + 1..<end] { Self.append(byte, to: &text) }
            text.append(UInt8(ascii: "."))
            position = end
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ byte: UInt8, to text: inout [UInt8]) {
        let backslash = UInt8(ascii: "\\")
        switch byte {
        case UInt8(ascii: "."), backslash: text += [backslash, byte]
        case 0x21...0x7E: text.append(byte)
        default:
            let zero = UInt8(ascii: "0")
            text += [backslash, zero + byte / 100, zero + byte / 10 % 10, zero + byte % 10]
        }
    }

    /// Reads what ``description`` writes; the dot at the end may be left out. Labels are not
    /// empty.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        // At most four characters for a byte.
        let characters = [UInt8](text.prefix(4 * Self.byteLimit + 1))
        guard characters.count <= 4 * Self.byteLimit, !characters.isEmpty else { return nil }
        if characters == [UInt8(ascii: ".")] {
            self = .root
            return
        }
        var name: [UInt8] = []
        var label: [UInt8] = []
        var position = 0
        while position < characters.count {
            let character = characters[position]
            position += 1
            if character == UInt8(ascii: ".") {
                guard Self.close(&label, into: &name) else { return nil }
            } else if character == UInt8(ascii: "\\") {
                guard let byte = Self.escaped(characters, &position) else { return nil }
                label.append(byte)
            } else {
                label.append(character)
            }
        }
        if !label.isEmpty { guard Self.close(&label, into: &name) else { return nil } }
        guard name.count < Self.byteLimit else { return nil }
        wireBytes = name + [0]
    }

    private static func close(_ label: inout [UInt8], into name: inout [UInt8]) -> Bool {
        guard 1...labelLimit ~= label.count else { return false }
        name.append(UInt8(label.count))
        name += label
        label = []
        return true
    }

    private static func escaped(_ text: [UInt8], _ position: inout Int) -> UInt8? {
        guard position < text.count else { return nil }
        guard let hundreds = ASCII.digit(text[position]) else {
            position += 1
            return text[position - 1]
        }
        guard position + 2 < text.count, let tens = ASCII.digit(text[position + 1]),
            let ones = ASCII.digit(text[position + 2])
        else { return nil }
        position += 3
        return UInt8(exactly: Int(hundreds) * 100 + Int(tens) * 10 + Int(ones))
    }
}

extension DNSName {
    /// The name under which an address's names are found: 1.2.0.192.in-addr.arpa. (RFC 1035
    /// section 3.5) or the 32 digits under ip6.arpa. (RFC 3596 section 2.5).
    public init(reverse address: IPAddress) {
        var name: [UInt8] = []
        switch address {
        case .v4(let address):
            for index in 0..<4 {
                let digits = Array(String(address.byte(3 - index)).utf8)
                name.append(UInt8(digits.count))
                name += digits
            }
            name += [7] + Array("in-addr".utf8)
        case .v6(let address):
            for index in 0..<16 {
                let byte = address.byte(15 - index)
                name += [1, ASCII.hexCharacter(byte & 0xF), 1, ASCII.hexCharacter(byte >> 4)]
            }
            name += [3] + Array("ip6".utf8)
        }
        wireBytes = name + [4] + Array("arpa".utf8) + [0]
    }
}
