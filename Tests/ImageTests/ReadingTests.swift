// Disassembly, ELF files and the list of symbols are read as they are written.

import Testing

@testable import ImageAudit

@Suite struct ReadingTests {
    @Test func `a line of the disassembler is read into operands`() throws {
        let line = "  100a63:      \tcmpxchgq\t%rcx, 0x245c5(%rip)     # 0x125030 <$es4Name>"
        let instruction = try #require(Instruction(line: line[...]))
        #expect(instruction.address == 0x100a63)
        #expect(instruction.mnemonic == "cmpxchgq")
        let place = Instruction.Operand.memory(displacement: 0x245c5, base: "rip", index: nil)
        #expect(instruction.operands == [.register("rcx"), place])
    }

    @Test func `an indexed operand keeps its base and index`() throws {
        let instruction = try #require(Instruction(line: "1: movl\t$-0x2, -0x8(%rsp,%rax,4)"))
        let place = Instruction.Operand.memory(displacement: -8, base: "rsp", index: "rax")
        #expect(instruction.operands == [.immediate(-2), place])
    }

    @Test func `a branch has a target and an indirect one has none`() throws {
        #expect(Instruction(line: "1: jne\t0x1f <f+0xf>")?.operands == [.target(0x1f)])
        #expect(Instruction(line: "1: jmpq\t*%rax")?.operands == [.other("*%rax")])
    }

    @Test func `the document lists symbols in the first column`() {
        let list = SymbolList(
            markdown: """
                Not in a table: `system`.

                | Symbol | Who |
                | --- | --- |
                | `malloc`, `free` | `print` |
                """)
        #expect(list.names == ["malloc", "free"])
    }
}
