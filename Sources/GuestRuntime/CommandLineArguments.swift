// The words of a kernel command line, as Xen's toolstack hands it to a guest.

/// The arguments that a guest was started with.
///
/// Spaces and tabs separate words. Double quotes keep them together; a backslash before a quote or
/// a backslash takes its meaning away, anywhere. A quote without its partner reaches to the end.
public struct CommandLineArguments: Sendable {
    /// The words in order, without their quotes.
    public let words: [String]

    /// Splits a command line.
    ///
    /// - Parameters:
    ///   - bytes: ends at the first zero byte, if there is one. Bytes that are not UTF-8 are
    ///     replaced, as ``String`` does.
    ///   - maximumByteCount: anything further is left out.
    public init(parsing bytes: some Sequence<UInt8>, maximumByteCount: Int = 4096) {
        var splitter = Splitter()
        for byte in bytes.prefix(maximumByteCount) {
            guard byte != 0 else { break }
            splitter.consume(byte)
        }
        words = splitter.finish()
    }

    /// The value of the last word `key=value`; nil without such a word.
    public subscript(key: String) -> String? {
        for word in words.reversed() {
            // By bytes: comparing characters would bring Unicode's tables into the image.
            let bytes = word.utf8
            guard bytes.starts(with: key.utf8) else { continue }
            let rest = bytes.dropFirst(key.utf8.count)
            if rest.first == UInt8(ascii: "=") {
                return String(decoding: rest.dropFirst(), as: UTF8.self)
            }
        }
        return nil
    }

    /// Whether a word is there, for switches without a value.
    public func contains(_ word: String) -> Bool {
        words.contains { $0.utf8.elementsEqual(word.utf8) }
    }

    private struct Splitter {
        private var words: [String] = []
        private var word: [UInt8] = []
        private var isInWord = false
        private var isQuoted = false
        private var isEscaped = false

        mutating func consume(_ byte: UInt8) {
            if isEscaped { return consumeEscaped(byte) }
            switch byte {
            case UInt8(ascii: "\\"):
                (isEscaped, isInWord) = (true, true)
            case UInt8(ascii: "\""):
                // Even nothing between quotes is a word.
                isQuoted.toggle()
                isInWord = true
            case UInt8(ascii: " ") where !isQuoted, UInt8(ascii: "\t") where !isQuoted:
                endWord()
            default:
                append(byte)
            }
        }

        mutating func finish() -> [String] {
            if isEscaped { append(UInt8(ascii: "\\")) }
            endWord()
            return words
        }

        /// A backslash before anything but a quote or a backslash is only a backslash.
        private mutating func consumeEscaped(_ byte: UInt8) {
            isEscaped = false
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return append(byte) }
            append(UInt8(ascii: "\\"))
            consume(byte)
        }

        private mutating func append(_ byte: UInt8) {
            word.append(byte)
            isInWord = true
        }

        private mutating func endWord() {
            if isInWord { words.append(String(decoding: word, as: UTF8.self)) }
            word.removeAll(keepingCapacity: true)
            isInWord = false
        }
    }
}
