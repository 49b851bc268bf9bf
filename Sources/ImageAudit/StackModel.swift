// What one instruction does to the stack pointer and to the registers that point into the stack.

/// Where a register points, in bytes from the stack pointer at the function's entry: somewhere
/// from `low` to `high`. The two differ after an alignment.
struct StackHeight: Hashable {
    var low: Int
    var high: Int

    static let entry = StackHeight(low: 0, high: 0)

    static func + (height: Self, bytes: Int) -> Self {
        // Wrapping: code that is not code (data in .text) may add anything.
        Self(low: height.low &+ bytes, high: height.high &+ bytes)
    }

    /// After `and $mask`, for the masks that align downwards.
    func aligned(mask: Int) -> Self? {
        guard mask < 0, mask.magnitude.nonzeroBitCount == 1 else { return nil }
        return Self(low: low &+ mask &+ 1, high: high)
    }
}

/// The registers known to point into the stack at one place of a function.
struct StackState: Hashable {
    private var heights: [String: StackHeight]

    /// At the first instruction: only the stack pointer is known.
    static let entry = StackState(heights: ["rsp": .entry])
    /// Where nothing is known of how control came.
    static let unknown = StackState(heights: [:])

    subscript(register: String) -> StackHeight? { heights[register] }

    /// What holds on both of two ways to the same place.
    func common(with other: Self) -> Self {
        Self(heights: heights.filter { other.heights[$0.key] == $0.value })
    }

    /// The state after `instruction`.
    func after(_ instruction: Instruction) -> Self {
        var next = self
        switch Self.stem(instruction.mnemonic) {
        case "push", "pushf": next.move("rsp", by: -8)
        case "pop", "popf": next.pop(instruction.operands.last)
        case "leave":
            next.heights["rsp"] = heights["rbp"].map { $0 + 8 }
            next.heights["rbp"] = nil
        case "call": next.forgetAllBut(["rsp", "rbp", "rbx"])
        case "cmp", "test", "bt", "nop", "lock": break
        case "mov" where instruction.operands.count == 2: next.copy(instruction.operands)
        case "lea": next.loadAddress(instruction.operands)
        case "add", "sub", "and", "inc", "dec": next.compute(instruction)
        case "xchg", "xadd", "cmpxchg", "cmpxchg16b": next.forgetAllBut(["rsp", "rbp"])
        case "syscall", "cpuid", "rdtsc", "mul", "div": next.forgetAllBut(["rsp", "rbp"])
        default: next.forget(instruction.operands.last)
        }
        return next
    }

    /// The mnemonic without its size suffix, for those that the model knows.
    private static func stem(_ mnemonic: String) -> String {
        let unsuffixed = String(mnemonic.dropLast())
        return known.contains(mnemonic) || !known.contains(unsuffixed) ? mnemonic : unsuffixed
    }

    private static let known: Set<String> = [
        "push", "pop", "pushf", "popf", "leave", "call", "cmp", "test", "bt", "nop", "mov", "lea",
        "add", "sub", "and", "inc", "dec", "xchg", "xadd", "cmpxchg", "mul", "div",
    ]

    private mutating func move(_ register: String, by bytes: Int) {
        heights[register] = heights[register].map { $0 + bytes }
    }

    private mutating func pop(_ destination: Instruction.Operand?) {
        move("rsp", by: 8)
        forget(destination)
    }

    private mutating func forgetAllBut(_ kept: Set<String>) {
        heights = heights.filter { kept.contains($0.key) }
    }

    private mutating func forget(_ operand: Instruction.Operand?) {
        guard case .register(let name) = operand else { return }
        heights[Self.fullName(name)] = nil
    }

    private mutating func copy(_ operands: [Instruction.Operand]) {
        guard case .register(let destination) = operands[1] else { return }
        guard case .register(let source) = operands[0] else { return forget(operands[1]) }
        heights[Self.fullName(destination)] = heights[source]
    }

    private mutating func loadAddress(_ operands: [Instruction.Operand]) {
        guard operands.count == 2, case .register(let destination) = operands[1],
            case .memory(let displacement, let base, let index) = operands[0]
        else { return forget(operands.last) }
        let height = index == nil ? base.flatMap { heights[$0] } : nil
        heights[Self.fullName(destination)] = height.map { $0 + displacement }
    }

    private mutating func compute(_ instruction: Instruction) {
        guard instruction.operands.count == 2,
            case .immediate(let value) = instruction.operands[0],
            case .register(let register) = instruction.operands[1],
            register == Self.fullName(register)
        else { return forget(instruction.operands.last) }
        switch instruction.mnemonic.prefix(3) {
        case "add": move(register, by: value)
        case "sub": move(register, by: 0 &- value)
        case "and": heights[register] = heights[register].flatMap { $0.aligned(mask: value) }
        default: forget(instruction.operands.last)
        }
    }

    /// The 64-bit register that `name` is a part of: a write to `esp` or `al` spoils it.
    private static func fullName(_ name: String) -> String {
        if name.hasPrefix("r"), name.dropFirst().first?.isNumber == true {
            return "r" + name.dropFirst().prefix { $0.isNumber }
        }
        for full in ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"] {
            let core = full.dropFirst()
            let letter = String(core.prefix(1))
            let parts = ["e" + core, String(core), letter + "l", letter + "h", core + "l"]
            if name == full || parts.contains(name) { return full }
        }
        return name
    }
}
