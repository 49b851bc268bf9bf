// Names in messages, with compression.
//
// Source: RFC 1035 section 4.1.4.

extension DNSName {
    /// Reads a name at `position` and moves that behind it.
    ///
    /// A pointer must lead to before the labels that it follows, as RFC 1035's "prior occurrence"
    /// has it: so there are no loops, and the steps are no more than the bytes.
    init(reading message: RawSpan, at position: inout Int) throws(DNSMessageError) {
        var name: [UInt8] = []
        var cursor = position
        var segmentStart = position
        var end: Int?
        // Ends: each step adds a byte to the name, of which there are 255 at most, or jumps to
        // before the last jump's target.
        while true {
            guard let length = WireBytes.byte(message, at: cursor) else { throw .truncated }
            switch length >> 6 {
            case 0:
                guard name.count + Int(length) + 1 <= Self.byteLimit else { throw .nameTooLong }
                let count = Int(length) + 1
                guard let label = WireBytes.copy(message, at: cursor, count: count) else {
                    throw .truncated
                }
                name += label
                cursor += count
                if length == 0 {
                    position = end ?? cursor
                    self.init(unchecked: name)
                    return
                }
            case 3:
                guard let word = WireBytes.word16(message, at: cursor) else { throw .truncated }
                end = end ?? cursor + 2
                let target = Int(word & 0x3FFF)
                guard target < segmentStart else { throw .badPointer }
                (cursor, segmentStart) = (target, target)
            default:
                // 01 and 10 were never given a lasting meaning (RFC 6891 section 5).
                throw .badLabel
            }
        }
    }
}
