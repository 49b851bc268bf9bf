// Who may use the two processors of a test machine at the same time.

/// Admits some tests at once, or one alone, first come, first served: a test that measures time
/// must not be measured against its neighbours.
actor Stage {
    static let shared = Stage(width: 4)

    private let width: Int
    private var free: Int
    private var waiting: [(places: Int, entry: CheckedContinuation<Void, Never>)] = []

    init(width: Int) {
        self.width = width
        free = width
    }

    /// Runs `body` beside others.
    func beside<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await taking(1, body)
    }

    /// Runs `body` while no other runs.
    func alone<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await taking(width, body)
    }

    private func taking<Value: Sendable>(
        _ places: Int, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        await enter(places)
        defer { leave(places) }
        return try await body()
    }

    private func enter(_ places: Int) async {
        if waiting.isEmpty, free >= places {
            free -= places
        } else {
            await withCheckedContinuation { waiting.append((places, $0)) }
        }
    }

    private func leave(_ places: Int) {
        free += places
        while let first = waiting.first, first.places <= free {
            free -= first.places
            waiting.removeFirst().entry.resume()
        }
    }
}
