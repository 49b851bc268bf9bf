// C's format strings, as far as the prebuilt Swift runtime's last words need them.
//
// Source: ISO C17, 7.21.6.1. Conversions: s d i u x X p c %. Flags - and 0, a width, a precision
// (numbers or *), sizes hh h l ll z j t. Anything else is printed as it stands.

/// Prints C format strings.
public enum PrintfFormat {
    /// Formats byte by byte.
    ///
    /// - Parameters:
    ///   - format: ends with a zero byte.
    ///   - arguments: of the types that the format names, as in C; nothing can check it.
    ///   - emit: gets each byte; none of them is the ending zero.
    public static func print(
        _ format: UnsafePointer<UInt8>, _ arguments: inout VariadicArguments,
        emit: (UInt8) -> Void
    ) {
        var cursor = format
        while cursor.pointee != 0 {
            guard cursor.pointee == UInt8(ascii: "%") else {
                emit(cursor.pointee)
                cursor += 1
                continue
            }
            let start = cursor
            cursor += 1
            let conversion = PrintfConversion(parsing: &cursor, &arguments)
            if !conversion.print(&arguments, emit: emit) {
                var verbatim = start
                while verbatim < cursor {
                    emit(verbatim.pointee)
                    verbatim += 1
                }
            }
        }
    }

    /// Formats into a buffer, as `vsnprintf` does: always ends it with a zero byte if it has room
    /// for one.
    ///
    /// - Returns: the bytes of the whole text without the zero, however many fitted.
    public static func print(
        _ format: UnsafePointer<UInt8>, _ arguments: inout VariadicArguments,
        into buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var count = 0
        print(format, &arguments) { byte in
            if count + 1 < buffer.count { buffer[count] = byte }
            count += 1
        }
        if !buffer.isEmpty { buffer[min(count, buffer.count - 1)] = 0 }
        return count
    }
}
