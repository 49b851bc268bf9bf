// Words of a domain that is about to crash, or has not booted yet: no allocation, no waiting for
// anybody, a line at a time.
#if hasFeature(Embedded)
    import Hypercalls

    enum EmergencyOutput {
        nonisolated(unsafe) private static var line = InlineArray<128, UInt8>(repeating: 0)
        nonisolated(unsafe) private static var count = 0

        /// Lets what was printed before come first.
        static func begin() { Live.drainConsole() }

        /// Gives the console's reader a last chance to take what is there.
        static func end() {
            flush()
            Live.drainConsole()
        }

        static func write(_ text: StaticString) {
            text.withUTF8Buffer { for byte in $0 { write(byte) } }
        }

        static func write(_ text: StaticString, hexadecimal number: UInt64) {
            write(text)
            write("0x")
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift) & 0xF)
                write(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }

        static func write(_ text: StaticString, decimal number: UInt64) {
            write(text)
            var digits = InlineArray<20, UInt8>(repeating: 0)
            var rest = number
            var length = 0
            repeat {
                digits[length] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                length += 1
                rest /= 10
            } while rest > 0
            for place in stride(from: length - 1, through: 0, by: -1) { write(digits[place]) }
        }

        /// A line feed becomes CR LF, as terminals want it.
        static func write(_ byte: UInt8) {
            CrashRecord.append(byte)
            if byte == UInt8(ascii: "\n") { store(UInt8(ascii: "\r")) }
            store(byte)
            if byte == UInt8(ascii: "\n") { flush() }
        }

        private static func store(_ byte: UInt8) {
            line[count] = byte
            count += 1
            if count == 128 { flush() }
        }

        private static func flush() {
            let length = count
            count = 0
            guard length > 0 else { return }
            withUnsafeBytes(of: &line) { bytes in
                Live.writeAtOnce(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
            }
        }
    }
#endif
