// Finds code that keeps something below the stack pointer.
//
// Xen delivers an upcall on the guest's own stack at any instruction, so what is below the
// stack pointer may be overwritten at any time. The 128 bytes there that the System V ABI
// promises (the red zone) do not exist in a guest. A compiler flag sees to that for code we
// compile; the runtime's archives come compiled, so the image itself is checked.
//
// Not seen: an access through an index register, and an address that went through memory.
// Source: System V ABI for AMD64, 3.2.2 "The Stack Frame".

/// An access below the stack pointer.
package struct RedZoneUse: Equatable, Sendable {
    /// The symbol of the function.
    package let function: String
    /// Where the instruction is.
    package let address: UInt64
    /// How far below the stack pointer it reaches, at least.
    package let bytesBelow: Int
}

/// Follows the stack pointer along every path of a function.
package struct RedZoneCheck {
    /// Heights of the stack pointer kept apart for one instruction. Real code needs one or two;
    /// a loop that moves the stack pointer would need more, without end.
    private static let heightLimit = 16

    private let function: Function
    private let indexes: [UInt64: Int]
    /// For each instruction and height of the stack pointer, what all ways there agree on.
    /// So a register that moves in a loop is not followed: its first value is not its last.
    private var seen: [[StackHeight?: StackState]]
    private var atIndirectJumps: Set<StackState> = []

    private init(_ function: Function) {
        self.function = function
        indexes = Dictionary(
            function.instructions.enumerated().map { ($1.address, $0) },
            uniquingKeysWith: { first, _ in first })
        seen = Array(repeating: [:], count: function.instructions.count)
    }

    /// Every use that `function` makes of the red zone, each instruction once.
    package static func uses(in function: Function) -> [RedZoneUse] {
        var check = Self(function)
        check.follow(from: 0, .entry)
        // What no direct path reaches is reached by a jump table, or is padding.
        for index in function.instructions.indices where check.seen[index].isEmpty {
            let states = check.atIndirectJumps.isEmpty ? [.unknown] : check.atIndirectJumps
            for state in states { check.follow(from: index, state) }
        }
        return function.instructions.indices.compactMap { index in
            let depths = check.seen[index].values.compactMap {
                depth(of: function.instructions[index], in: $0)
            }
            return depths.max().map {
                RedZoneUse(
                    function: function.name, address: function.instructions[index].address,
                    bytesBelow: $0)
            }
        }
    }

    private mutating func follow(from start: Int, _ state: StackState) {
        var pending = [(start, state)]
        while let (index, state) = pending.popLast() {
            guard index < seen.count, let state = note(state, at: index) else { continue }
            let instruction = function.instructions[index]
            let next = state.after(instruction)
            if instruction.isIndirectJump { atIndirectJumps.insert(next) }
            if let target = instruction.jumpTarget.flatMap({ indexes[$0] }) {
                pending.append((target, next))
            }
            if !instruction.endsPath { pending.append((index + 1, next)) }
        }
    }

    /// What is known at `index` now that control may come in `state`; nil if nothing is new.
    private mutating func note(_ state: StackState, at index: Int) -> StackState? {
        let height = state["rsp"]
        let known = seen[index][height]
        if known == nil, seen[index].count == Self.heightLimit { return nil }
        let common = known?.common(with: state) ?? state
        if common == known { return nil }
        seen[index][height] = common
        return common
    }

    /// Bytes below the stack pointer that `instruction` touches; nil if none.
    private static func depth(of instruction: Instruction, in state: StackState) -> Int? {
        if instruction.mnemonic.hasPrefix("lea") || instruction.mnemonic.hasPrefix("nop") {
            return nil
        }
        let depths = instruction.operands.compactMap { operand -> Int? in
            guard case .memory(let displacement, let base?, nil) = operand else { return nil }
            if base == "rsp" { return displacement < 0 ? -displacement : nil }
            // Only what is below for certain: alignment may have left room in between.
            guard let stack = state["rsp"], let height = state[base] else { return nil }
            let below = stack.low &- height.high &- displacement
            return below > 0 ? below : nil
        }
        return depths.max()
    }
}

extension Instruction {
    fileprivate var isJump: Bool { mnemonic.hasPrefix("j") }

    fileprivate var jumpTarget: UInt64? {
        guard isJump, case .target(let address) = operands.first else { return nil }
        return address
    }

    fileprivate var isIndirectJump: Bool { isJump && jumpTarget == nil }

    /// Whether control never goes on to the next instruction.
    fileprivate var endsPath: Bool {
        if mnemonic.hasPrefix("jmp") || mnemonic.hasPrefix("ret") { return true }
        return ["ud2", "iretq", "sysretq", "int3"].contains(mnemonic)
    }
}
