// The fuzzers, for as long as a test may take: the whole of a finding's work is `apus fuzz`.

import RigTools
import Testing
import XenRig

@Suite(.serialized) struct FuzzTests {
    private static let isBuilt = Task {
        try await FuzzPackage(in: Checkout.root()).build()
    }

    private func run(_ name: String, seconds: Int) async throws -> FuzzPackage.Outcome {
        try await Self.isBuilt.value
        return try await FuzzPackage(in: Checkout.root()).run(name, seconds: seconds)
    }

    @Test func `The canary is found, so that others would be`() async throws {
        guard case .found(_, let report) = try await run(FuzzPackage.canary, seconds: 60) else {
            Issue.record("the planted fault was not found")
            return
        }
        #expect(report.contains("the planted fault") || report.contains("deadly signal"))
    }

    @Test(arguments: try FuzzPackage(in: Checkout.root()).names)
    func `What was ever found does no harm, and five seconds find nothing new`(
        name: String
    ) async throws {
        switch try await run(name, seconds: 5) {
        case .clean(let inputCount): #expect(inputCount > 0)
        case .found(let input, let report): Issue.record("\(input.path)\n\(report)")
        }
    }
}
