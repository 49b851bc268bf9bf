// The functions of a C library's <math.h> that compiled Swift calls by name.
//
// By bits: Swift's own methods of these meanings would call the very functions that these are.
// Source: ISO C F.10.6, F.10.7 (annex F: IEC 60559), without errno and exceptions.

/// Exact functions of doubles.
public enum FloatingPointFunctions {
    /// The integer next to `x` towards zero, with the sign of `x`.
    public static func truncate(_ x: Double) -> Double {
        let exponent = Int(x.bitPattern >> 52 & 0x7FF) - 1023
        // From here on every bit counts whole numbers; NaN and infinity are among these.
        if exponent >= 52 { return x }
        let sign = x.bitPattern & 1 << 63
        if exponent < 0 { return Double(bitPattern: sign) }
        let fraction = UInt64(1) << UInt64(52 - exponent) - 1
        return Double(bitPattern: x.bitPattern & ~fraction)
    }

    /// The smallest integer that is not below `x`.
    public static func ceil(_ x: Double) -> Double {
        let whole = truncate(x)
        return whole < x ? whole + 1 : whole
    }

    /// The largest integer that is not above `x`.
    public static func floor(_ x: Double) -> Double {
        let whole = truncate(x)
        return whole > x ? whole - 1 : whole
    }

    /// The nearest integer; of two, the one further from zero.
    public static func round(_ x: Double) -> Double {
        let whole = truncate(x)
        let rest = x - whole
        if rest >= 0.5 { return whole + 1 }
        if rest <= -0.5 { return whole - 1 }
        return whole
    }

    /// The nearest integer; of two, the even one.
    public static func roundToEven(_ x: Double) -> Double {
        let whole = truncate(x)
        let rest = (x - whole).magnitude
        // Below 2 to the 52nd, where there is a rest at all, integers are exact.
        let isOdd = truncate(whole / 2) * 2 != whole
        guard rest > 0.5 || rest == 0.5 && isOdd else { return whole }
        return x.sign == .minus ? whole - 1 : whole + 1
    }

    /// What is left of `x` when as many whole `y` as fit are taken, with the sign of `x`. NaN
    /// where `x` is infinite or `y` is zero.
    public static func remainder(_ x: Double, _ y: Double) -> Double {
        let (a, b) = (x.magnitude, y.magnitude)
        guard a < .infinity, b > 0 else { return .nan }
        if a < b { return x }
        var (rest, exponent) = parts(a)
        let (divisor, lowest) = parts(b)
        // Long division, a bit of the quotient at a time: at most 2098 of them.
        while true {
            if rest >= divisor { rest -= divisor }
            if exponent == lowest { break }
            rest <<= 1
            exponent -= 1
        }
        return value(rest, exponent, negative: x.bitPattern >> 63 != 0)
    }

    /// A finite number is its integer times two to the exponent less 1075.
    private static func parts(_ x: Double) -> (integer: UInt64, exponent: Int) {
        let exponent = Int(x.bitPattern >> 52)
        let integer = x.bitPattern & (1 << 52 - 1)
        guard exponent == 0 else { return (integer | 1 << 52, exponent) }
        guard integer != 0 else { return (0, 1) }
        // Normalised, so that a remainder never outgrows 54 bits.
        let shift = integer.leadingZeroBitCount - 11
        return (integer << UInt64(shift), 1 - shift)
    }

    private static func value(_ integer: UInt64, _ exponent: Int, negative: Bool) -> Double {
        let sign: UInt64 = negative ? 1 << 63 : 0
        guard integer != 0 else { return Double(bitPattern: sign) }
        let shift = integer.leadingZeroBitCount - 11
        let (normalised, power) = (integer << UInt64(shift), exponent - shift)
        if power > 0 {
            return Double(
                bitPattern: sign | UInt64(power) << 52 | normalised & (1 << 52 - 1))
        }
        // Subnormal: exact, since a remainder has no bit below its divisor's lowest.
        return Double(bitPattern: sign | normalised >> UInt64(1 - power))
    }
}
