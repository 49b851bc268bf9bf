// One conversion of a format string: what stands between a percent sign and a letter.
//
// Source: ISO C17, 7.21.6.1.

/// A parsed conversion, ready to take its argument.
struct PrintfConversion {
    private var isLeftAligned = false
    private var isZeroPadded = false
    private var width = 0
    private var precision: Int?
    /// Bits of an integer argument that count.
    private var bitCount = 32
    private var letter: UInt8 = 0

    /// Reads up to and with the letter, and takes the arguments of `*`.
    ///
    /// - Parameter cursor: behind the percent sign; is left behind the letter, but on a zero byte.
    init(parsing cursor: inout UnsafePointer<UInt8>, _ arguments: inout VariadicArguments) {
        parseFlags(&cursor)
        if let number = Self.parseNumber(&cursor, &arguments) {
            if number < 0 { isLeftAligned = true }
            width = abs(number)
        }
        if cursor.pointee == UInt8(ascii: ".") {
            cursor += 1
            let number = Self.parseNumber(&cursor, &arguments) ?? 0
            // A negative precision counts as none.
            precision = number < 0 ? nil : number
        }
        parseSize(&cursor)
        letter = cursor.pointee
        if letter != 0 { cursor += 1 }
    }

    /// Takes the argument and prints it.
    ///
    /// - Returns: false, with nothing taken or printed, when the letter is not a known one.
    func print(_ arguments: inout VariadicArguments, emit: (UInt8) -> Void) -> Bool {
        switch letter {
        case UInt8(ascii: "%"): emit(letter)
        case UInt8(ascii: "c"): printCharacter(UInt8(truncatingIfNeeded: arguments.next()), emit)
        case UInt8(ascii: "s"): printString(arguments.next(), emit)
        case UInt8(ascii: "d"), UInt8(ascii: "i"): printSigned(arguments.next(), emit)
        case UInt8(ascii: "u"): printDigits(truncate(arguments.next()), sign: .none, emit)
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            let value = truncate(arguments.next())
            printDigits(value, radix: 16, sign: .none, emit)
        case UInt8(ascii: "p"):
            printDigits(arguments.next(), radix: 16, sign: .hexadecimal, emit)
        default: return false
        }
        return true
    }

    private mutating func parseFlags(_ cursor: inout UnsafePointer<UInt8>) {
        while true {
            switch cursor.pointee {
            case UInt8(ascii: "-"): isLeftAligned = true
            case UInt8(ascii: "0"): isZeroPadded = true
            default: return
            }
            cursor += 1
        }
    }

    private mutating func parseSize(_ cursor: inout UnsafePointer<UInt8>) {
        while true {
            switch cursor.pointee {
            case UInt8(ascii: "h"): bitCount /= 2
            case UInt8(ascii: "l"), UInt8(ascii: "z"), UInt8(ascii: "j"), UInt8(ascii: "t"):
                bitCount = 64
            default: return
            }
            cursor += 1
        }
    }

    private static func parseNumber(
        _ cursor: inout UnsafePointer<UInt8>, _ arguments: inout VariadicArguments
    ) -> Int? {
        if cursor.pointee == UInt8(ascii: "*") {
            cursor += 1
            return Int(Int32(truncatingIfNeeded: arguments.next()))
        }
        var number: Int?
        while case UInt8(ascii: "0")...UInt8(ascii: "9") = cursor.pointee {
            // Bounded: the digits may be anything.
            number = min((number ?? 0) * 10 + Int(cursor.pointee - UInt8(ascii: "0")), 1 << 20)
            cursor += 1
        }
        return number
    }

    private func printCharacter(_ character: UInt8, _ emit: (UInt8) -> Void) {
        pad(before: true, contentCount: 1, emit)
        emit(character)
        pad(before: false, contentCount: 1, emit)
    }

    private func printString(_ address: UInt64, _ emit: (UInt8) -> Void) {
        guard let string = UnsafePointer<UInt8>(bitPattern: UInt(address)) else {
            let null: StaticString = "(null)"
            return printBytes(null.utf8Start, emit)
        }
        printBytes(string, emit)
    }

    private func printBytes(_ bytes: UnsafePointer<UInt8>, _ emit: (UInt8) -> Void) {
        // With a precision the string need not end with a zero byte.
        let limit = precision ?? .max
        var count = 0
        while count < limit, bytes[count] != 0 { count += 1 }
        pad(before: true, contentCount: count, emit)
        for index in 0..<count { emit(bytes[index]) }
        pad(before: false, contentCount: count, emit)
    }

    private enum Sign {
        case none, minus, hexadecimal

        var count: Int {
            switch self {
            case .none: 0
            case .minus: 1
            case .hexadecimal: 2
            }
        }
    }

    private func printSigned(_ argument: UInt64, _ emit: (UInt8) -> Void) {
        let unused = UInt64(64 - bitCount)
        let value = Int64(bitPattern: argument << unused) >> Int64(unused)
        printDigits(value.magnitude, sign: value < 0 ? .minus : .none, emit)
    }

    private func truncate(_ argument: UInt64) -> UInt64 {
        argument & (UInt64.max >> UInt64(64 - bitCount))
    }

    private func printDigits(
        _ value: UInt64, radix: UInt64 = 10, sign: Sign, _ emit: (UInt8) -> Void
    ) {
        // 20 digits hold the largest number; the lowest digit comes first.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var count = 0
        var rest = value
        while rest != 0 {
            digits[count] = digit(UInt8(rest % radix))
            rest /= radix
            count += 1
        }
        var zeros = max((precision ?? 1) - count, 0)
        if isZeroPadded, !isLeftAligned, precision == nil {
            zeros = max(width - sign.count - count, zeros)
        }
        let contentCount = sign.count + zeros + count
        pad(before: true, contentCount: contentCount, emit)
        printSign(sign, emit)
        for _ in 0..<zeros { emit(UInt8(ascii: "0")) }
        while count > 0 {
            count -= 1
            emit(digits[count])
        }
        pad(before: false, contentCount: contentCount, emit)
    }

    private func printSign(_ sign: Sign, _ emit: (UInt8) -> Void) {
        switch sign {
        case .none: break
        case .minus: emit(UInt8(ascii: "-"))
        case .hexadecimal:
            emit(UInt8(ascii: "0"))
            emit(UInt8(ascii: "x"))
        }
    }

    private func digit(_ value: UInt8) -> UInt8 {
        if value < 10 { return UInt8(ascii: "0") + value }
        let first = letter == UInt8(ascii: "X") ? UInt8(ascii: "A") : UInt8(ascii: "a")
        return first + value - 10
    }

    private func pad(before: Bool, contentCount: Int, _ emit: (UInt8) -> Void) {
        guard before != isLeftAligned, contentCount < width else { return }
        for _ in contentCount..<width { emit(UInt8(ascii: " ")) }
    }
}
