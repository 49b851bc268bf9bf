import Glibc
import Testing

@testable import GuestRuntime

@Suite("printf formats")
struct PrintfFormatTests {
    /// Formats with our code and with the host's C library, over the same kind of list.
    private func compare(_ format: String, _ arguments: CVarArg...) {
        let ours = withVaList(arguments) { list in
            // A CVaListPointer is the address of the list, as in C.
            var reader = VariadicArguments(unsafeBitCast(list, to: UnsafeMutableRawPointer.self))
            return text(format, &reader)
        }
        let theirs = withVaList(arguments) { list in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1000) { buffer in
                vsnprintf(buffer.baseAddress, buffer.count, format, list)
                return String(cString: buffer.baseAddress!)
            }
        }
        #expect(ours == theirs, "\(format)")
    }

    private func text(_ format: String, _ arguments: inout VariadicArguments) -> String {
        var bytes: [UInt8] = []
        Array(format.utf8CString).withUnsafeBufferPointer { characters in
            characters.withMemoryRebound(to: UInt8.self) { characters in
                PrintfFormat.print(characters.baseAddress!, &arguments) { bytes.append($0) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Integers of every size, flag, width and precision are as the C library prints them")
    func integers() {
        let values: [Int64] = [
            0, 1, -1, 9, 10, 255, -128, 65_535, 1 << 31, .min, .max, 123_456_789,
        ]
        for letter in ["d", "i", "u", "x", "X"] {
            for size in ["", "h", "hh", "l", "ll", "z", "j", "t"] {
                for shape in ["", "5", "-5", "05", "-05", "20", "020", "-20", ".0", ".3", "8.4"] {
                    for value in values { compare("<%\(shape)\(size)\(letter)>", value) }
                }
            }
        }
    }

    @Test("Strings with a width and a precision are as the C library prints them")
    func strings() {
        "swift".withCString { string in
            for shape in ["", "3", "10", "-10", ".2", ".0", ".99", "8.3", "-8.3"] {
                compare("<%\(shape)s>", string)
            }
            compare(
                "%.*s|%.*s|%*s|%*d", 2 as Int32, string, -1 as Int32, string, -9 as Int32,
                string, 6 as Int32, 42 as Int32)
        }
    }

    @Test("Characters, percents and pointers are as the C library prints them")
    func others() {
        compare("%c%c|%3c|%-3c|%%", 65 as Int32, 66 as Int32, 67 as Int32, 68 as Int32)
        compare("%p %20p", 0xDEAD_BEEF as Int, 0x1000 as Int)
    }

    @Test("Arguments beyond the six registers come from the stack")
    func manyArguments() {
        compare(
            "%d %d %d %d %d %d %d %ld %d", 1 as Int32, 2 as Int32, 3 as Int32, 4 as Int32,
            5 as Int32, 6 as Int32, 7 as Int32,
            Int.max, -9 as Int32)
    }

    @Test("A null string is named, cut like any other")
    func nullString() {
        withList(stack: [0, 0]) { list in
            #expect(text("%s %.3s", &list) == "(null) (nu")
        }
    }

    @Test("What is not known stands as it is and takes no argument")
    func unknown() {
        withList(stack: [7]) { list in
            #expect(text("%f %5.2q %d%", &list) == "%f %5.2q 7%")
        }
    }

    @Test("A list made by hand is read from the registers on and moved along")
    func layout() {
        var registers: [UInt64] = [1, 2, 3, 4, 5, 6]
        var stack: [UInt64] = [7, 8]
        registers.withUnsafeMutableBytes { registers in
            stack.withUnsafeMutableBytes { stack in
                var list: [UInt64] = [
                    16 | 48 << 32, UInt64(UInt(bitPattern: stack.baseAddress)),
                    UInt64(UInt(bitPattern: registers.baseAddress)),
                ]
                list.withUnsafeMutableBytes { list in
                    var reader = VariadicArguments(list.baseAddress!)
                    #expect((0..<6).map { _ in reader.next() } == [3, 4, 5, 6, 7, 8])
                    #expect(list.load(as: UInt32.self) == 48)
                }
            }
        }
    }

    @Test("A buffer gets what fits and a zero, and the whole length is returned")
    func buffer() {
        let format = Array("number %d".utf8) + [0]
        for capacity in 0...12 {
            var bytes = [UInt8](repeating: 0xEE, count: capacity + 1)
            let count = withList(stack: [42]) { list in
                bytes.withUnsafeMutableBufferPointer { bytes in
                    PrintfFormat.print(
                        format, &list,
                        into: UnsafeMutableBufferPointer(rebasing: bytes[..<capacity]))
                }
            }
            #expect(count == 9)
            #expect(bytes[capacity] == 0xEE)
            if capacity > 0 {
                let fitting = min(9, capacity - 1)
                #expect(bytes[fitting] == 0)
                #expect(bytes[..<fitting] == Array("number 42".utf8)[..<fitting])
            }
        }
    }

    /// A list whose registers are all read.
    private func withList<Result>(
        stack: [UInt64], _ body: (inout VariadicArguments) -> Result
    ) -> Result {
        var stack = stack
        return stack.withUnsafeMutableBytes { stack in
            var list = [48, UInt64(UInt(bitPattern: stack.baseAddress)), 0]
            return list.withUnsafeMutableBytes { list in
                var reader = VariadicArguments(list.baseAddress!)
                return body(&reader)
            }
        }
    }
}
