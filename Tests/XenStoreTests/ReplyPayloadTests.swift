import Testing
import XenTypes

@testable import XenStore

struct ReplyPayloadTests {
    private func payload(_ text: String) -> ReplyPayload {
        ReplyPayload(text.utf8.map { $0 == 0x7C ? 0 : $0 })
    }

    @Test func `An acknowledgement is OK and nothing else`() {
        #expect(payload("OK|").isAcknowledgement)
        #expect(payload("OK").isAcknowledgement)
        for text in ["", "|", "OK||", "ok|", "OKAY|", "O", "|OK|"] {
            #expect(!payload(text).isAcknowledgement)
        }
    }

    @Test func `A refusal is the name of an error, known or not`() {
        #expect(payload("ENOENT|").refusal == .notFound)
        #expect(payload("E2BIG|").refusal == .tooBig)
        #expect(payload("ENEW").refusal?.rawValue == "ENEW")
        for text in ["", "|", "E", "NOENT|", "Enoent|", "E |", "EA|EB|", "EÄ|"] {
            #expect(payload(text).refusal == nil || text == "E")
        }
        #expect(payload("E" + String(repeating: "X", count: 31)).refusal != nil)
        #expect(payload("E" + String(repeating: "X", count: 32)).refusal == nil)
    }

    @Test func `Both stores' words for a quota are known`() {
        #expect(XenStoreRefusal(rawValue: "EQUOTA").isQuota)
        #expect(XenStoreRefusal(rawValue: "ENOSPC").isQuota)
        #expect(XenStoreRefusal(rawValue: "E2BIG").isQuota)
        #expect(!XenStoreRefusal.notFound.isQuota)
    }

    @Test func `Names are those of children`() {
        #expect(payload("").names == [])
        #expect(payload("a|").names == ["a"])
        #expect(payload("vif|vbd-1|@x|").names == ["vif", "vbd-1", "@x"])
        for text in ["a", "|", "a||", "a||b|", "a/b|", "a b|", "a|b", "ä|"] {
            #expect(payload(text).names == nil)
        }
    }

    @Test func `A part says where it ends and whether there is more`() {
        #expect(
            payload("7|a|bc|").part
                == .init(generation: 7, names: ["a", "bc"], byteCount: 5, isLast: false))
        #expect(
            payload("7|a|bc||").part
                == .init(generation: 7, names: ["a", "bc"], byteCount: 5, isLast: true))
        #expect(
            payload("0||").part == .init(generation: 0, names: [], byteCount: 0, isLast: true))
        // A part without a name and without an end would be asked for again for ever.
        for text in ["", "|", "7", "7|", "x|a|", "-1|a|", "7|a", "7|||", "7|a||b|"] {
            #expect(payload(text).part == nil)
        }
    }

    @Test func `Permissions are letters and domains`() {
        #expect(
            payload("n0|r5|b7|w65535|").permissions == [
                XenStorePermission(domain: .control, access: .none),
                XenStorePermission(domain: DomainID(rawValue: 5), access: .read),
                XenStorePermission(domain: DomainID(rawValue: 7), access: .readWrite),
                XenStorePermission(domain: DomainID(rawValue: 65535), access: .write),
            ])
        for text in ["", "|", "r", "r|", "5|", "x5|", "r65536|", "r-1|", "r5", "r5||", "r5 |"] {
            #expect(payload(text).permissions == nil)
        }
    }

    @Test func `A transaction has a number of 32 bits that is not 0`() {
        #expect(payload("1|").transaction == 1)
        #expect(payload("4294967295|").transaction == .max)
        for text in ["", "|", "0|", "4294967296|", "-1|", "1x|", "99999999999999999999999|"] {
            #expect(payload(text).transaction == nil)
        }
    }

    @Test func `A path is absolute and by the rules`() {
        #expect(payload("/local/domain/5|").path == "/local/domain/5")
        for text in ["", "|", "a|", "/a/|", "/a b|", "/a|/b|", "@x|"] {
            #expect(payload(text).path == nil)
        }
    }

    @Test func `Truth has two values`() {
        #expect(payload("T|").truth == true)
        #expect(payload("F|").truth == false)
        for text in ["", "|", "TF|", "t|", "1|"] { #expect(payload(text).truth == nil) }
    }

    @Test func `An event has a path and a token of ours`() {
        #expect(payload("a/b|12|").event == .init(path: Array("a/b".utf8), token: 12))
        // Whoever holds the watch judges the path; later strings are for later protocols.
        #expect(payload("|12|more|").event == .init(path: [], token: 12))
        for text in ["", "|", "a", "a|", "a|12", "a||", "a|x|", "a|18446744073709551616|"] {
            #expect(payload(text).event == nil)
        }
    }

    @Test func `Numbers are digits only`() {
        #expect(Decimal.parse(Array("18446744073709551615".utf8).span) == .max)
        for text in ["", "18446744073709551616", "+1", "1 ", "0x1", "1e1"] {
            #expect(Decimal.parse(Array(text.utf8).span) == nil)
        }
    }
}
