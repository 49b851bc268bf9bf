// Who may use the two processors of a test machine at the same time.

import XenRig

/// Admits some tests at once, first come, first served.
actor Stage {
    /// For what runs on the ordinary machines.
    static let ordinary = Stage(width: 2)
    /// For what runs on the machines that count instructions, one at a time: what a domain's
    /// neighbours do there is part of its time.
    static let counting = Stage(width: 1)

    /// For long work on one machine, which has one processor: what waits its turn for that leaves
    /// a place to work on another.
    static func own(of flavour: Flavour) -> Stage { machines[flavour] ?? ordinary }

    private static let machines = Dictionary(
        uniqueKeysWithValues: Flavour.tested.map { ($0, Stage(width: 1)) })

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(width: Int) { free = width }

    func run<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        // Whoever leaves hands the place on.
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
