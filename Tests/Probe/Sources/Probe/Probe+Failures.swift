// Ways for a domain to crash, each in a function of its own: the test looks for its name in the
// backtrace.

import Apus

extension Probe {
    /// Never returns to its caller regularly.
    static func fail() {
        // Nothing that the compiler knows, so that it cannot see the failures coming.
        let count = Guest.arguments.count
        switch Guest.arguments.first ?? "" {
        case "precondition": breakPrecondition(count)
        case "index": print(readPastTheEnd(count + 2))
        case "overflow": print(addTooMuch(Int.max - count + 1, count))
        case "unmapped": print(readByte(at: 0x2000_0000_0000 * UInt(count)))
        case "null": print(readByte(at: 8 * UInt(count)))
        case "writetext": writeByte(at: codeAddress())
        case "writeconstant": writeByte(at: constantAddress())
        case "executedata": callHeap(count)
        case "stackoverflow": print(recurse(count))
        default: require(false, "no such subject")
        }
        require(false, "the failure did not end the domain")
    }

    @inline(never)
    private static func breakPrecondition(_ count: Int) {
        precondition(count < 0, "the probe breaks its precondition")
    }

    @inline(never)
    private static func readPastTheEnd(_ index: Int) -> UInt8 {
        var bytes: [UInt8] = []
        for byte in 0..<UInt8(truncatingIfNeeded: index) { bytes.append(byte) }
        return bytes[index]
    }

    @inline(never)
    private static func addTooMuch(_ large: Int, _ count: Int) -> Int { large + count }

    @inline(never)
    private static func readByte(at address: UInt) -> UInt8 {
        UnsafePointer<UInt8>(bitPattern: address).unsafelyUnwrapped.pointee
    }

    @inline(never)
    private static func writeByte(at address: UInt) {
        print("writing to \(hexadecimal(address))")
        UnsafeMutablePointer<UInt8>(bitPattern: address).unsafelyUnwrapped.pointee = 0xC3
    }

    private static func codeAddress() -> UInt {
        let function: @convention(c) () -> Void = { print("code") }
        return unsafeBitCast(function, to: UInt.self)
    }

    private static func constantAddress() -> UInt {
        let text: StaticString = "a constant of the image"
        return UInt(bitPattern: text.utf8Start)
    }

    @inline(never)
    private static func callHeap(_ count: Int) {
        let page = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096 * count)
        page.initialize(repeating: 0xC3, count: 4096 * count)
        print("calling \(hexadecimal(UInt(bitPattern: page)))")
        let function = unsafeBitCast(
            UInt(bitPattern: page), to: (@convention(c) () -> Void).self)
        function()
        page.deallocate()
    }

    @inline(never)
    private static func recurse(_ depth: Int) -> Int {
        var words = (depth, depth + 1, depth + 2, depth + 3)
        return withUnsafeMutableBytes(of: &words) { bytes in
            let next = recurse(depth + Int(bytes[0] & 1) + 1)
            bytes[8] = UInt8(truncatingIfNeeded: next)
            return Int(bytes[8]) + next
        }
    }

    /// As a crash report writes addresses.
    static func hexadecimal(_ number: UInt) -> String {
        let digits = String(number, radix: 16)
        return "0x" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
