// Names of devices and paths of backends, as a toolstack or somebody worse wrote them.

import Testing
import XenBus
import XenTypes

@Suite struct NameAndPathTests {
    @Test(arguments: [
        ("vbd", "51712"), ("vif", "0"), ("9pfs", "0"), ("v", "4294967295"), ("a_b-C9", "1"),
    ])
    func `a name makes its own path`(type: String, number: String) throws {
        let name = try #require(DeviceName(type: type, parsing: number))
        #expect(name.frontendPath == "device/\(type)/\(number)")
        #expect(name.description == "\(type) \(number)")
    }

    @Test(arguments: [
        ("", "0"), ("vif", ""), ("vif", "00"), ("vif", "01"), ("vif", "-1"), ("vif", "4294967296"),
        ("vif", "event-channel"), ("vif", "0 "), ("../x", "0"), ("a/b", "0"), ("vïf", "0"),
        ("vif\0", "0"), ("@vif", "0"), ("abcdefghijklmnopqrstuvwxyz0123456", "0"),
        ("vif", "99999999999999999999999999999999999999999"),
    ])
    func `what would not lead back to its directory is no name`(type: String, number: String) {
        #expect(DeviceName(type: type, parsing: number) == nil)
    }

    @Test(arguments: [
        ("/local/domain/0/backend/vbd/7/51712", "0", "vbd"),
        ("/local/domain/0/backend/qdisk/7/51712", "0", "qdisk"),
        ("/local/domain/0/backend/vbd3/7/51712", "0", "vbd3"),
        ("/local/domain/12/backend/vif/7/0", "12", "vif"),
        ("/local/domain/32751/backend/9pfs/7/0", "32751", "9pfs"),
        ("/local/domain/0/backend/vif/7", "0", "vif"),
    ])
    func `the paths of toolstacks are accepted`(path: String, id: String, kind: String) throws {
        let backend = try BackendPath(parsing: path, backendID: id)
        #expect(backend.text == path)
        #expect(backend.domain == DomainID(rawValue: try #require(UInt16(id))))
        #expect(backend.kind == kind)
    }

    @Test(arguments: [
        ("", "0", BackendPath.Flaw.malformed),
        ("/", "0", .malformed),
        ("backend/vbd/7/0", "0", .malformed),
        ("/local/domain/0/backend/vbd", "0", .malformed),
        ("/local/domain/0/backend//7/0", "0", .malformed),
        ("/local/domain/0/backend/vbd/7/0/", "0", .malformed),
        ("//local/domain/0/backend/vbd/7/0", "0", .malformed),
        ("/local/domain/00/backend/vbd/7/0", "0", .malformed),
        ("/local/domain/0/../1/backend/vbd/7/0", "0", .malformed),
        ("/local/domain/0/backend/../../1", "0", .malformed),
        ("/local/domain/0/backend/vbd/7/0\0", "0", .malformed),
        ("/local/domain/0/backend/vbd/7/ü", "0", .malformed),
        ("/local/domain/0/backend/vbd/7/@x", "0", .malformed),
        ("/local/domain/0/device/vbd/7/0", "0", .malformed),
        ("/vm/x/0/backend/vbd/7/0", "0", .malformed),
        ("/local/domain/0/backend/vbd/7/0", "1", .otherDomain),
        ("/local/domain/1/backend/vbd/7/0", "0", .otherDomain),
        ("/local/domain/0/backend/vbd/7/0", "", .notADomain),
        ("/local/domain/0/backend/vbd/7/0", "-1", .notADomain),
        ("/local/domain/0/backend/vbd/7/0", "32752", .notADomain),
        ("/local/domain/0/backend/vbd/7/0", "65536", .notADomain),
        ("/local/domain/65536/backend/vbd/7/0", "0", .malformed),
    ])
    func `other paths are not`(path: String, id: String, flaw: BackendPath.Flaw) {
        #expect(throws: flaw) { try BackendPath(parsing: path, backendID: id) }
    }

    @Test func `a path has a length that it may have`() throws {
        let start = "/local/domain/0/backend/vbd/7/"
        let longest = start + String(repeating: "1", count: 256 - start.utf8.count)
        #expect(try BackendPath(parsing: longest, backendID: "0").text == longest)
        #expect(throws: BackendPath.Flaw.tooLong) {
            try BackendPath(parsing: longest + "1", backendID: "0")
        }
    }
}
