import CXen
import Testing

@testable import XenStore

struct XenStorePathTests {
    private func isValid(_ path: String, for use: XenStorePath.Use = .node) -> Bool {
        XenStorePath.isValid(Array(path.utf8).span, for: use)
    }

    @Test(arguments: [
        "/", "/a", "a", "device/vif/0/state", "/local/domain/0", "A-Z_a-z0-9@x", "a@", "-", "/-/_",
    ])
    func `A path by the rules is one`(path: String) {
        #expect(isValid(path))
    }

    @Test(arguments: [
        "", "//", "/a/", "a/", "a//b", "//a", "a b", "a.b", "a+b", "a\0b", "ä", "a:b", "a\n", "*",
    ])
    func `A path against the rules is none`(path: String) {
        #expect(!isValid(path))
        #expect(!isValid(path, for: .watch))
    }

    @Test(arguments: ["@introduceDomain", "@releaseDomain", "@releaseDomain/5"])
    func `The store's own events can be watched but not read`(path: String) {
        #expect(!isValid(path))
        #expect(isValid(path, for: .watch))
    }

    @Test func `Every byte but 66 is refused`() {
        let allowed = (UInt8.min...UInt8.max).filter {
            XenStorePath.isValid([0x61, $0, 0x61].span, for: .node)
        }
        #expect(allowed.count == 26 + 26 + 10 + 4)
    }

    @Test func `The limits are exact`() {
        let (absolute, relative) = (Int(XENSTORE_ABS_PATH_MAX), Int(XENSTORE_REL_PATH_MAX))
        #expect(isValid("/" + String(repeating: "a", count: absolute - 1)))
        #expect(!isValid("/" + String(repeating: "a", count: absolute)))
        #expect(isValid(String(repeating: "a", count: relative)))
        #expect(!isValid(String(repeating: "a", count: relative + 1)))
    }

    @Test func `A path is within itself and what is above it`() {
        func isWithin(_ path: String, _ ancestor: String) -> Bool {
            XenStorePath.isWithin(Array(path.utf8).span, Array(ancestor.utf8).span)
        }
        #expect(isWithin("/a/b", "/a"))
        #expect(isWithin("/a", "/a"))
        #expect(isWithin("/a", "/"))
        #expect(isWithin("@releaseDomain/5", "@releaseDomain"))
        #expect(!isWithin("/ab", "/a"))
        #expect(!isWithin("/a", "/a/b"))
        #expect(!isWithin("a", "/"))
        #expect(!isWithin("/b", "/a"))
    }
}
