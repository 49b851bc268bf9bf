// Options of a message, wherever they are and in however many pieces.
//
// Source: RFC 2131 section 4.1 and RFC 2132 section 9.3 (options in `file` and `sname`), RFC 3396
// sections 5 to 7 (the pieces in the order options, file, sname).

/// Collects the options of one message.
enum DHCPOptionReader {
    private static let nameField = 44..<108
    private static let fileField = 108..<236

    static func options(of bytes: RawSpan) throws(DHCPMessageError) -> [UInt8: [UInt8]] {
        var options: [UInt8: [UInt8]] = [:]
        try read(bytes, DHCPMessage.optionsStart..<bytes.byteCount, into: &options)
        guard let overload = options[DHCPOption.overload], overload.count == 1 else {
            return options
        }
        // Which fields are read is settled before they are: an option in them cannot add one.
        if overload[0] & 1 != 0 { try read(bytes, fileField, into: &options) }
        if overload[0] & 2 != 0 { try read(bytes, nameField, into: &options) }
        return options
    }

    /// Pieces add up to no more than the message, which has a limit.
    private static func read(
        _ bytes: RawSpan, _ range: Range<Int>, into options: inout [UInt8: [UInt8]]
    ) throws(DHCPMessageError) {
        var position = range.lowerBound
        while position < range.upperBound {
            guard let code = WireBytes.byte(bytes, at: position), code != DHCPOption.end else {
                return
            }
            position += 1
            if code == DHCPOption.pad { continue }
            guard position < range.upperBound, let length = WireBytes.byte(bytes, at: position),
                position + 1 + Int(length) <= range.upperBound,
                let content = WireBytes.copy(bytes, at: position + 1, count: Int(length))
            else { throw .badOption }
            options[code, default: []] += content
            position += 1 + Int(length)
        }
    }
}
