// An image's code, cut into functions at its symbols.

/// A stretch of code from one symbol to the next.
package struct Function: Equatable, Sendable {
    /// The symbol, mangled.
    package let name: String
    /// In the order of their addresses.
    package let instructions: [Instruction]
}

/// What `llvm-objdump -d --no-show-raw-insn` prints.
package struct Disassembly: Sendable {
    /// In the order of their addresses; those without an instruction are left out.
    package let functions: [Function]

    /// Reads the tool's output.
    package init(text: String) {
        var functions: [Function] = []
        var name: Substring?
        var instructions: [Instruction] = []
        func finish() {
            guard let name, !instructions.isEmpty else { return }
            functions.append(Function(name: String(name), instructions: instructions))
        }
        for line in text.split(separator: "\n") {
            if let label = Self.label(line) {
                finish()
                (name, instructions) = (label, [])
            } else if name != nil, let instruction = Instruction(line: line) {
                instructions.append(instruction)
            }
        }
        finish()
        self.functions = functions
    }

    /// The name in a line such as `0000000000100000 <_start>:`.
    private static func label(_ line: Substring) -> Substring? {
        guard line.hasSuffix(">:"), let open = line.firstIndex(of: "<") else { return nil }
        let digits = line[..<open].dropLast()
        guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit) else { return nil }
        return line[line.index(after: open)...].dropLast(2)
    }
}
