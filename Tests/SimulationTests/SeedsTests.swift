// What a simulation says when it fails.

import Testing

struct SeedsTests {
    @Test func `A trap tells which seed was under way`() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            _ = Seeds.failure(among: 0..<7) { seed in
                if seed == 5 { preconditionFailure("a canary") }
                return []
            }
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains(" seed 5\n"))
    }

    @Test func `A failure tells its seed and how to repeat it`() {
        let failure = Seeds.failure(among: 0..<7) { seed in seed == 3 ? ["a canary"] : [] }
        #expect(failure == "seed 3 (repeat it with APUS_SEED=3): a canary")
        #expect(Seeds.failure(among: 0..<7) { _ in [] } == nil)
    }
}
