import CXen
import Testing
import XenTypes

@testable import XenStore

struct XenStoreRequestTests {
    private func text(_ request: XenStoreRequest) -> String {
        "\(request.type.rawValue) "
            + String(decoding: request.payload.map { $0 == 0 ? 0x7C : $0 }, as: UTF8.self)
    }

    @Test func `Each kind has its payload`() throws {
        let domain = DomainID(rawValue: 7)
        let permissions = [
            XenStorePermission(domain: domain, access: .none),
            XenStorePermission(domain: .control, access: .readWrite),
        ]
        #expect(try text(.read("a/b")) == "2 a/b|")
        #expect(try text(.directory("/")) == "1 /|")
        #expect(try text(.directoryPart("/a", offset: 4000)) == "22 /a|4000|")
        #expect(try text(.write("a", Array("value".utf8))) == "11 a|value")
        #expect(try text(.write("a", [])) == "11 a|")
        #expect(try text(.makeDirectory("a")) == "12 a|")
        #expect(try text(.remove("a")) == "13 a|")
        #expect(try text(.permissions("a")) == "3 a|")
        #expect(try text(.setPermissions("a", permissions)) == "14 a|n7|b0|")
        #expect(text(.watch(Array("a".utf8), token: 12)) == "4 a|12|")
        #expect(text(.unwatch(Array("a".utf8), token: .max)) == "5 a|18446744073709551615|")
        #expect(text(.transactionStart) == "6 |")
        #expect(text(.transactionEnd(commits: true)) == "7 T|")
        #expect(text(.transactionEnd(commits: false)) == "7 F|")
        #expect(text(.domainPath(of: domain)) == "10 7|")
        #expect(text(.isIntroduced(domain)) == "17 7|")
        #expect(text(.release(domain)) == "9 7|")
        let frame = GuestFrame(rawValue: 1_044_476)
        #expect(
            text(.introduce(domain, frame: frame, port: Port(rawValue: 3))) == "8 7|1044476|3|")
    }

    @Test func `The header is four little-endian words`() throws {
        let message = try XenStoreRequest.read("ab").message(id: 0x0102_0304, transaction: 5)
        #expect(message == [2, 0, 0, 0, 4, 3, 2, 1, 5, 0, 0, 0, 3, 0, 0, 0, 0x61, 0x62, 0])
        #expect(MessageHeader(message.span).isValid)
    }

    @Test func `A value may fill a message and no more`() throws {
        let room = Int(XENSTORE_PAYLOAD_MAX) - 2
        let most = try XenStoreRequest.write("a", [UInt8](repeating: 0, count: room))
        #expect(most.payload.count == 4096)
        #expect(throws: XenStoreError.tooLong(byteCount: 4097)) {
            try XenStoreRequest.write("a", [UInt8](repeating: 0, count: room + 1))
        }
        let many = [XenStorePermission](
            repeating: XenStorePermission(domain: DomainID(rawValue: 65535), access: .read),
            count: 600)
        #expect(throws: XenStoreError.tooLong(byteCount: 2 + 600 * 7)) {
            try XenStoreRequest.setPermissions("a", many)
        }
    }

    @Test(arguments: ["", "a//b", "a/", "@releaseDomain", "a b", "a\0b"])
    func `A path against the rules makes no request`(path: String) {
        #expect(throws: XenStoreError.invalidPath(path)) { try XenStoreRequest.read(path) }
        #expect(throws: XenStoreError.invalidPath(path)) { try XenStoreRequest.write(path, []) }
        #expect(throws: XenStoreError.invalidPath(path)) { try XenStoreRequest.remove(path) }
        #expect(throws: XenStoreError.invalidPath(path)) { try XenStoreRequest.directory(path) }
    }

    @Test func `Permissions without an owner make no request`() {
        #expect(throws: XenStoreError.refused(.invalidArgument)) {
            try XenStoreRequest.setPermissions("a", [])
        }
    }
}
