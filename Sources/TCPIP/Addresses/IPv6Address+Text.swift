// How an IPv6 address is written and read.
//
// Source: RFC 4291 section 2.2 (what is read), RFC 5952 sections 4 and 5 (what is written).

extension IPv6Address: LosslessStringConvertible {
    /// The one form of RFC 5952: small letters, no leading zeros, `::` for the longest row of
    /// at least two zeros (the first of equal ones), and the last four bytes of an address that
    /// stands for one of IPv4 in its manner.
    public var description: String {
        if let mapped = mappedIPv4 { return "::ffff:\(mapped)" }
        let hole = longestZeros
        var text: [UInt8] = []
        text.reserveCapacity(39)
        var index = 0
        while index < 8 {
            if index == hole.lowerBound, !hole.isEmpty {
                text += [UInt8(ascii: ":"), UInt8(ascii: ":")]
                index = hole.upperBound
                continue
            }
            if let last = text.last, last != UInt8(ascii: ":") { text.append(UInt8(ascii: ":")) }
            Self.append(group(index), to: &text)
            index += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ group: UInt16, to text: inout [UInt8]) {
        var isLeading = true
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(group >> shift & 0xF)
            if isLeading, digit == 0, shift != 0 { continue }
            isLeading = false
            text.append(ASCII.hexCharacter(digit))
        }
    }

    /// The groups that `::` stands for, none when no two zeros are neighbours (RFC 5952
    /// sections 4.2.2 and 4.2.3).
    private var longestZeros: Range<Int> {
        var best = 0..<0
        var start = 0
        for index in 0..<8 {
            guard group(index) == 0 else {
                start = index + 1
                continue
            }
            let length = index + 1 - start
            if length >= 2, length > best.count { best = start..<index + 1 }
        }
        return best
    }

    /// Reads any form of RFC 4291 section 2.2. A zone (`%1`) is not part of an address: see
    /// ``Endpoint``.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        // 45 characters are the longest form: six groups and an IPv4 address.
        let characters = [UInt8](text.prefix(46))
        guard characters.count <= 45 else { return nil }
        var reader = IPv6TextReader(characters)
        guard let address = reader.read() else { return nil }
        self = address
    }
}

/// Reads groups from the left; what follows a `::` is moved to the right at the end.
private struct IPv6TextReader {
    private let text: [UInt8]
    private var position = 0
    private var groups = InlineArray<8, UInt16>(repeating: 0)
    private var count = 0
    /// How many groups stand before `::`.
    private var gap: Int?

    init(_ text: [UInt8]) { self.text = text }

    mutating func read() -> IPv6Address? {
        if skipDoubleColon() { gap = 0 }
        // Each round reads a group or ends: at most eight.
        while position < text.count {
            guard count < 8 else { return nil }
            if let address = IPv4Address(utf8: text[position...]) {
                return finish(with: address)
            }
            guard let group = readGroup() else { return nil }
            groups[count] = group
            count += 1
            if position == text.count { break }
            if skipDoubleColon() {
                guard gap == nil else { return nil }
                gap = count
            } else {
                guard text[position] == UInt8(ascii: ":"), position + 1 < text.count else {
                    return nil
                }
                position += 1
            }
        }
        return finish()
    }

    private mutating func skipDoubleColon() -> Bool {
        let colon = UInt8(ascii: ":")
        guard position + 1 < text.count, text[position] == colon, text[position + 1] == colon
        else { return false }
        position += 2
        return true
    }

    private mutating func readGroup() -> UInt16? {
        let start = position
        var group: UInt16 = 0
        while position < text.count, let digit = ASCII.hexDigit(text[position]) {
            guard position - start < 4 else { return nil }
            group = group << 4 | UInt16(digit)
            position += 1
        }
        return position > start ? group : nil
    }

    private mutating func finish(with address: IPv4Address) -> IPv6Address? {
        guard count <= 6 else { return nil }
        groups[count] = UInt16(address.rawValue >> 16)
        groups[count + 1] = UInt16(address.rawValue & 0xFFFF)
        count += 2
        return finish()
    }

    private mutating func finish() -> IPv6Address? {
        if let gap {
            // `::` stands for at least one group (RFC 4291 section 2.2, point 2).
            guard count < 8 else { return nil }
            let moved = count - gap
            for index in 0..<moved {
                groups[7 - index] = groups[count - 1 - index]
            }
            for index in gap..<8 - moved { groups[index] = 0 }
        } else {
            guard count == 8 else { return nil }
        }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for index in 0..<4 {
            high = high << 16 | UInt64(groups[index])
            low = low << 16 | UInt64(groups[index + 4])
        }
        return IPv6Address(high: high, low: low)
    }
}
