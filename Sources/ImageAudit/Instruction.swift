// One machine instruction as `llvm-objdump -d --no-show-raw-insn` prints it, AT&T syntax.

/// An instruction, read as far as the audit needs.
package struct Instruction: Equatable, Sendable {
    /// What an instruction works on.
    package enum Operand: Equatable, Sendable {
        /// A register by its name without the percent sign: `rsp`, `eax`.
        case register(String)
        /// A constant in the instruction.
        case immediate(Int)
        /// `displacement(base, index, scale)`; without a base it is absolute.
        case memory(displacement: Int, base: String?, index: String?)
        /// The address that a direct jump or call goes to.
        case target(UInt64)
        /// Anything else, such as an indirect target or a segment-relative address.
        case other(String)
    }

    /// Where the instruction is, in the image's address space.
    package let address: UInt64
    /// Its name, with the size suffix: `movq`.
    package let mnemonic: String
    /// Its operands in AT&T order: the destination is the last.
    package let operands: [Operand]
}

extension Instruction {
    /// Reads a line such as `  1000f0:  movq  -0x8(%rsp), %rax  # comment`; nil for other lines.
    init?(line: Substring) {
        let line = line.prefix { $0 != "#" }
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let digits = line[..<colon].drop { $0 == " " }
        guard let address = UInt64(digits, radix: 16) else { return nil }
        let text = line[line.index(after: colon)...].drop { $0.isWhitespace }
        let name = text.prefix { !$0.isWhitespace }
        guard !name.isEmpty else { return nil }
        self.address = address
        mnemonic = String(name)
        operands = Self.pieces(of: text[name.endIndex...]).map {
            Operand(text: $0, ofBranch: name.hasPrefix("j") || name.hasPrefix("call"))
        }
    }

    /// Splits at the commas that are not inside parentheses.
    private static func pieces(of text: Substring) -> [Substring] {
        var pieces: [Substring] = []
        var (depth, start) = (0, text.startIndex)
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                pieces.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        pieces.append(text[start...])
        return pieces.map(trimmed).filter { !$0.isEmpty }
    }
}

extension Instruction.Operand {
    init(text: Substring, ofBranch: Bool) {
        self = Self.simple(text, ofBranch: ofBranch) ?? Self.memory(text) ?? .other(String(text))
    }

    private static func simple(_ text: Substring, ofBranch: Bool) -> Self? {
        if text.hasPrefix("%"), text.dropFirst().allSatisfy({ $0.isLetter || $0.isNumber }) {
            return .register(String(text.dropFirst()))
        }
        if text.hasPrefix("$"), let value = integer(text.dropFirst()) { return .immediate(value) }
        let first = text.prefix { $0 != " " }
        if ofBranch, let value = integer(first) { return .target(UInt64(bitPattern: Int64(value))) }
        return nil
    }

    private static func memory(_ text: Substring) -> Self? {
        guard let open = text.firstIndex(of: "("), text.last == ")" else { return nil }
        let before = text[..<open]
        guard let displacement = before.isEmpty ? 0 : integer(before) else { return nil }
        let inside = text[text.index(after: open)...].dropLast()
        let registers = inside.split(separator: ",", omittingEmptySubsequences: false)
            .prefix(2).map { String(trimmed($0).drop { $0 == "%" }) }
        return .memory(
            displacement: displacement,
            base: registers.first.flatMap { $0.isEmpty ? nil : $0 },
            index: registers.count > 1 && !registers[1].isEmpty ? registers[1] : nil)
    }

    private static func integer(_ text: Substring) -> Int? {
        let negative = text.hasPrefix("-")
        let digits = negative ? text.dropFirst() : text
        let value =
            digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
        // Wrapping: 64-bit masks are printed without a sign.
        return value.map {
            negative ? 0 &- Int(truncatingIfNeeded: $0) : Int(truncatingIfNeeded: $0)
        }
    }
}

private func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
}
