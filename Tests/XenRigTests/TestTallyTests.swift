import Testing

@testable import XenRig

@Suite("Tests are counted from what they did, not from what they said")
struct TestTallyTests {
    static func function(_ id: String) -> String {
        #"{"kind":"test","payload":{"kind":"function","id":"\#(id)"},"version":0}"# + "\n"
    }

    static func event(_ kind: String, _ id: String, _ more: String = "") -> String {
        #"{"kind":"event","payload":{"kind":"\#(kind)","testID":"\#(id)"\#(more)}}"# + "\n"
    }

    static let two = function("a") + function("b")
    static let passed = event("testStarted", "a") + event("testEnded", "a")

    @Test("a test that ended without an issue passed; suites do not count")
    func passes() {
        let suite = Self.event("testStarted", "S") + Self.event("testEnded", "S")
        let tally = TestTally(events: Self.two + suite + Self.passed, succeeded: true)
        #expect(tally == TestTally(passed: 1, failed: 0))
        #expect(tally.line == "1 passed, 0 failed")
    }

    @Test("an issue fails its test, a known one and a warning do not")
    func issues() {
        func tally(_ issue: String) -> TestTally {
            let recorded = Self.event("issueRecorded", "a", #","issue":\#(issue)"#)
            return TestTally(events: Self.two + Self.passed + recorded, succeeded: true)
        }
        #expect(tally(#"{"isKnown":false}"#) == TestTally(passed: 0, failed: 1))
        #expect(tally(#"{"isKnown":true}"#) == TestTally(passed: 1, failed: 0))
        #expect(tally(#"{"severity":"warning"}"#) == TestTally(passed: 1, failed: 0))
    }

    @Test("a test that began and never ended died, and the rest of the stream may be torn")
    func crash() {
        let events = Self.two + Self.passed + Self.event("testStarted", "b") + #"{"kind":"ev"#
        #expect(TestTally(events: events, succeeded: false) == TestTally(passed: 1, failed: 1))
    }

    @Test("a failed process with no test to blame is a failure")
    func noBlame() {
        #expect(TestTally(events: "", succeeded: false) == TestTally(passed: 0, failed: 1))
        let tally = TestTally(events: Self.two + Self.passed, succeeded: false)
        #expect(tally == TestTally(passed: 1, failed: 1))
    }

    @Test("no test at all is neither")
    func empty() {
        #expect(TestTally(events: Self.two, succeeded: true).isEmpty)
    }
}
