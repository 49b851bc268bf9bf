// A backend's words, which may be any.

import Testing
import XenBus

@Suite struct BackendKeysTests {
    private func keys(_ pairs: (String, String)...) -> BackendKeys {
        BackendKeys(pairs.map { (key: $0.0, value: $0.1) })
    }

    @Test func `a feature is there when its key is 1`() {
        let keys = keys(("a", "1"), ("b", "0"), ("c", "2"), ("d", ""), ("e", "01"), ("f", "true"))
        #expect(["a", "b", "c", "d", "e", "f", "g"].filter(keys.flag) == ["a"])
    }

    @Test func `numbers are canonical decimals of 64 bits`() {
        let keys = keys(
            ("zero", "0"), ("most", "18446744073709551615"), ("more", "18446744073709551616"),
            ("long", String(repeating: "9", count: 1000)), ("negative", "-1"), ("hex", "0x10"),
            ("padded", " 1"), ("octal", "010"), ("empty", ""))
        #expect(keys.number("zero") == 0)
        #expect(keys.number("most") == .max)
        for key in ["more", "long", "negative", "hex", "padded", "octal", "empty", "none"] {
            #expect(keys.number(key) == nil, "\(key)")
        }
        #expect(keys.number("zero", in: 0...7) == 0)
        #expect(keys.number("most", in: 0...7) == nil)
    }

    @Test func `what is too long or too much is left out`() {
        let long = String(repeating: "x", count: BackendKeys.valueLimit)
        let one = keys(("fits", long), ("does not", long + "x"))
        #expect(one.names.sorted() == ["fits"])
        let many = BackendKeys((0..<1000).map { (key: "k\($0)", value: "1") })
        #expect(many.count == BackendKeys.keyLimit)
    }
}
