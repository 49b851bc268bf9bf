// Counts tests from the event stream of Swift Testing: a line of JSON per event.
// Source: Swift Testing, Documentation/ABI/JSON.md.

import Foundation

/// How many tests passed and failed. A parameterised test is one test.
public struct TestTally: Equatable, Sendable {
    public var passed: Int
    public var failed: Int

    public init(passed: Int = 0, failed: Int = 0) {
        self.passed = passed
        self.failed = failed
    }

    public var isEmpty: Bool { passed == 0 && failed == 0 }
    public var line: String { "\(passed) passed, \(failed) failed" }

    private struct Record: Decodable {
        struct Issue: Decodable {
            let isKnown: Bool?
            let severity: String?
            let _severity: String?
        }

        struct Payload: Decodable {
            let kind: String?
            let id: String?
            let testID: String?
            let issue: Issue?
        }

        let kind: String
        let payload: Payload
    }

    /// - Parameters:
    ///   - events: the event stream, which a crash may have cut anywhere.
    ///   - succeeded: whether the test process said so with its exit status.
    public init(events: String, succeeded: Bool) {
        var functions: Set<String> = []
        var started: Set<String> = []
        var ended: Set<String> = []
        var blamed: Set<String> = []
        var strayIssue = false
        for line in events.split(whereSeparator: \.isNewline) {
            guard let record = try? JSONDecoder().decode(Record.self, from: Data(line.utf8))
            else { continue }
            let payload = record.payload
            if record.kind == "test", payload.kind == "function", let id = payload.id {
                functions.insert(id)
            }
            guard record.kind == "event" else { continue }
            switch (payload.kind, payload.testID) {
            case ("testStarted", .some(let id)): started.insert(id)
            case ("testEnded", .some(let id)): ended.insert(id)
            case ("issueRecorded", let id) where Self.counts(payload.issue):
                if let id { blamed.insert(id) } else { strayIssue = true }
            default: break
            }
        }
        let ran = started.intersection(functions)
        // A suite can fail too: a trait of it that throws.
        let failures = ran.intersection(blamed).union(ran.subtracting(ended)).union(blamed)
        passed = ran.subtracting(failures).count
        failed = failures.count
        // The process failed, and no test is to blame: a crash between tests, or no build.
        if failed == 0 && (strayIssue || !succeeded) { failed = 1 }
    }

    private static func counts(_ issue: Record.Issue?) -> Bool {
        guard let issue else { return true }
        return issue.isKnown != true && (issue.severity ?? issue._severity) != "warning"
    }
}
