// What every fuzzer does with libFuzzer's bytes: take them one after the other, as choices.

/// A fuzzer's bytes, read from the first to the last; zeros behind their end.
public struct InputReader {
    private let bytes: [UInt8]
    private var position = 0

    /// Reads from the first byte on.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether nothing is left.
    public var isAtEnd: Bool { position >= bytes.count }

    /// The next byte; 0 behind the end.
    public mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        position += 1
        return bytes[position - 1]
    }

    /// As many of the next bytes as there are.
    public mutating func take(_ count: Int) -> [UInt8] {
        let end = min(position + count, bytes.count)
        defer { position = end }
        return Array(bytes[position..<end])
    }
}
