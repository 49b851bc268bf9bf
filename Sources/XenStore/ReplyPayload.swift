// What replies say, taken out of bytes that may be anything.
//
// Source: xenstore.txt, "Xenstore protocol details".

import CXen
import XenTypes

/// The payload of a reply. Each reading gives nil for bytes that are not what it looks for.
struct ReplyPayload: Equatable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether it says that the request was done: `OK`.
    var isAcknowledgement: Bool { terminated.elementsEqual("OK".utf8) }

    /// The name of an error: capitals and digits after an E, at most 32 of them.
    var refusal: XenStoreRefusal? {
        let name = terminated
        guard name.first == UInt8(ascii: "E"), name.count <= 32 else { return nil }
        let isName = name.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }
        return isName ? XenStoreRefusal(rawValue: String(decoding: name, as: UTF8.self)) : nil
    }

    /// Names of children, in the store's order.
    var names: [String]? {
        guard let strings = strings(bytes[...]) else { return nil }
        return Self.names(strings)
    }

    /// A part of a long list.
    struct Part: Equatable {
        /// The same as in another part: the list has not changed between the two.
        let generation: UInt64
        let names: [String]
        /// Bytes of the list that the names take, terminators included.
        let byteCount: Int
        let isLast: Bool
    }

    /// A part of a long list: generation, names, and behind the last of them an empty one.
    var part: Part? {
        guard let end = bytes.firstIndex(of: 0),
            let generation = Decimal.parse(bytes.span.extracting(0..<end))
        else { return nil }
        var list = bytes[(end + 1)...]
        // One empty string at the end, be it the only one, says that there is no more.
        let isLast = list.last == 0 && (list.count == 1 || list.dropLast().last == 0)
        if isLast { list.removeLast() }
        guard let strings = strings(list), let names = Self.names(strings),
            isLast || !names.isEmpty
        else { return nil }
        return Part(
            generation: generation, names: names, byteCount: list.count, isLast: isLast)
    }

    /// Permissions, the owner's first; at least one.
    var permissions: [XenStorePermission]? {
        guard let strings = strings(bytes[...]), !strings.isEmpty else { return nil }
        var permissions: [XenStorePermission] = []
        for string in strings {
            guard let permission = XenStorePermission(Array(string).span) else { return nil }
            permissions.append(permission)
        }
        return permissions
    }

    /// The number of a new transaction, which is never 0.
    var transaction: UInt32? {
        guard let number = Decimal.parse(Array(terminated).span), number != 0 else { return nil }
        return UInt32(exactly: number)
    }

    /// An absolute path.
    var path: String? {
        let path = Array(terminated)
        guard path.first == UInt8(ascii: "/"), XenStorePath.isValid(path.span, for: .node) else {
            return nil
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// Yes (`T`) or no (`F`).
    var truth: Bool? {
        if terminated.elementsEqual("T".utf8) { return true }
        return terminated.elementsEqual("F".utf8) ? false : nil
    }

    /// What changed, and for which watch.
    struct Event: Equatable {
        let path: [UInt8]
        let token: UInt64
    }

    /// An event of a watch: path and token. The path is not judged.
    var event: Event? {
        guard let strings = strings(bytes[...]), strings.count > Int(XS_WATCH_TOKEN),
            let token = Decimal.parse(Array(strings[Int(XS_WATCH_TOKEN)]).span)
        else { return nil }
        return Event(path: Array(strings[Int(XS_WATCH_PATH)]), token: token)
    }

    /// Everything before the terminator, which may be missing at the end of a single string.
    private var terminated: ArraySlice<UInt8> { bytes.last == 0 ? bytes.dropLast() : bytes[...] }

    /// Strings that each have a terminator; nil where the last one lacks it.
    private func strings(_ list: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        guard let last = list.last else { return [] }
        guard last == 0 else { return nil }
        return list.dropLast().split(separator: 0, omittingEmptySubsequences: false)
    }

    private static func names(_ strings: [ArraySlice<UInt8>]) -> [String]? {
        var names: [String] = []
        for string in strings {
            guard XenStorePath.isName(Array(string).span) else { return nil }
            names.append(String(decoding: string, as: UTF8.self))
        }
        return names
    }
}
