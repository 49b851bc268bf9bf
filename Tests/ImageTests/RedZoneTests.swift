// What is, and what is not, a use of memory below the stack pointer.

import Testing

@testable import ImageAudit

@Suite struct RedZoneTests {
    /// Depths below the stack pointer of each use in a function of these instructions, which
    /// are at the addresses 0, 1, 2 and so on.
    private func depths(_ instructions: String...) -> [Int] {
        let lines = instructions.enumerated().map { "  \(String($0, radix: 16)):\t\($1)" }
        let text = "0000000000000000 <f>:\n" + lines.joined(separator: "\n")
        return Disassembly(text: text).functions.flatMap(RedZoneCheck.uses).map(\.bytesBelow)
    }

    @Test func `a store below the stack pointer is a use`() {
        #expect(depths("movq\t%rax, -0x10(%rsp)", "retq") == [16])
    }

    @Test func `an address below the stack pointer is no access`() {
        #expect(depths("leaq\t-0x10(%rsp), %rax", "retq") == [])
    }

    @Test func `a store through an address below the stack pointer is a use`() {
        #expect(depths("leaq\t-0x10(%rsp), %rax", "movb\t$0x1, 0x4(%rax)", "retq") == [12])
    }

    @Test func `a frame pointer may not reach below the stack pointer`() {
        #expect(depths("pushq\t%rbp", "movq\t%rsp, %rbp", "movl\t-0x4(%rbp), %eax", "retq") == [4])
        #expect(
            depths(
                "pushq\t%rbp", "movq\t%rsp, %rbp", "pushq\t%rbx", "movl\t-0x8(%rbp), %eax",
                "retq") == [])
    }

    @Test func `pushes and a constant lower the stack pointer`() {
        #expect(
            depths(
                "pushq\t%rbp", "movq\t%rsp, %rbp", "subq\t$0x10, %rsp", "pushq\t%r12",
                "movq\t%rax, -0x18(%rbp)", "movq\t%rax, -0x20(%rbp)", "retq") == [8])
    }

    @Test func `a negative constant is added as it is printed`() {
        #expect(depths("addq\t$-0x80, %rsp", "movq\t%rax, 0x78(%rsp)", "retq") == [])
        #expect(depths("movq\t%rsp, %rax", "addq\t$-0x80, %rax", "movb\t$0x1, (%rax)") == [128])
    }

    @Test func `leave raises the stack pointer to the frame`() {
        let frame = ["pushq\t%rbp", "movq\t%rsp, %rbp", "subq\t$0x20, %rsp"]
        #expect(
            depths(
                frame[0], frame[1], frame[2], "leaq\t-0x20(%rbp), %rcx", "leave",
                "movq\t(%rcx), %rax", "retq") == [40])
    }

    @Test func `lea moves the stack pointer like an addition`() {
        #expect(
            depths(
                "pushq\t%rbp", "movq\t%rsp, %rbp", "leaq\t-0x40(%rsp), %rsp",
                "movq\t%rax, -0x40(%rbp)", "leaq\t0x40(%rsp), %rsp",
                "movq\t%rax, -0x40(%rbp)", "retq") == [64])
    }

    @Test func `an alignment may leave room, and what is below it is below`() {
        let aligned = ["pushq\t%rbp", "movq\t%rsp, %rbp", "andq\t$-0x20, %rsp"]
        #expect(
            depths(aligned[0], aligned[1], aligned[2], "movq\t%rax, -0x1f(%rbp)", "retq") == [])
        #expect(
            depths(aligned[0], aligned[1], aligned[2], "movq\t%rax, -0x28(%rbp)", "retq") == [9])
    }

    @Test func `both ways of a branch are followed`() {
        #expect(
            depths(
                "pushq\t%rbp", "movq\t%rsp, %rbp", "je\t0x5 <f+0x5>", "subq\t$0x10, %rsp",
                "movq\t%rax, -0x10(%rbp)", "movq\t%rax, -0x10(%rbp)", "retq") == [16])
    }

    @Test func `what only a jump table reaches is followed from its jump`() {
        #expect(
            depths(
                "pushq\t%rbp", "movq\t%rsp, %rbp", "jmpq\t*%rax", "movq\t%rax, -0x8(%rbp)",
                "retq") == [8])
    }

    @Test func `a loop that moves the stack pointer ends the check`() {
        #expect(depths("pushq\t%rax", "jmp\t0x0 <f>") == [])
    }

    @Test func `a register that walks down an array in a loop is not followed`() {
        #expect(
            depths(
                "subq\t$0x10, %rsp", "leaq\t0x8(%rsp), %rax", "movq\t%rcx, (%rax)",
                "subq\t$0x8, %rax", "jne\t0x2 <f+0x2>", "addq\t$0x10, %rsp", "retq") == [])
    }

    @Test func `padding and dead code are looked at too`() {
        #expect(depths("retq", "nopl\t-0x8(%rsp)", "movq\t-0x8(%rsp), %rax") == [8])
    }
}
