// From bytes typed at the console to lines of text.

/// Finds lines in a stream of bytes that comes in pieces.
///
/// A line ends with CR, LF or CR LF, and is given without them. Bytes that are not UTF-8 come out
/// as U+FFFD. A line longer than the limit is cut: its first bytes are given when it ends, the
/// rest is dropped and counted, so that no tail of a long line is ever taken for a line.
public struct LineSplitter {
    /// Bytes of a line that are kept.
    public let maximumLength: Int
    /// Bytes that were beyond the limit.
    public private(set) var droppedCount = 0

    private var line: [UInt8] = []
    private var endedWithCarriageReturn = false

    /// A splitter whose lines have at most `maximumLength` bytes, which must be at least 1.
    public init(maximumLength: Int = 1024) {
        precondition(maximumLength > 0, "lines of no length")
        self.maximumLength = maximumLength
        line.reserveCapacity(maximumLength)
    }

    /// Takes a byte; the line, if the byte ended one.
    public mutating func append(_ byte: UInt8) -> String? {
        let isSecondHalf = byte == 0x0A && endedWithCarriageReturn
        endedWithCarriageReturn = byte == 0x0D
        guard !isSecondHalf else { return nil }
        guard byte == 0x0A || byte == 0x0D else {
            if line.count < maximumLength { line.append(byte) } else { droppedCount += 1 }
            return nil
        }
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        return text
    }

    /// Takes bytes, and gives each line that ends among them to `take`.
    public mutating func append(_ bytes: Span<UInt8>, take: (String) -> Void) {
        for index in bytes.indices {
            if let line = append(bytes[index]) { take(line) }
        }
    }
}
