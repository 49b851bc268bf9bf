// Messages, as bytes and as values.
//
// Source: xen-headers/include/xen/xs_wire.h.

import CXen

/// A message in either direction.
struct StoreMessage {
    static let headerByteCount = 16

    var type: UInt32
    var requestID: UInt32
    var transactionID: UInt32
    var payload: [UInt8]

    init(type: UInt32, requestID: UInt32 = 0, transactionID: UInt32 = 0, payload: [UInt8]) {
        self.type = type
        self.requestID = requestID
        self.transactionID = transactionID
        self.payload = payload
    }

    init(type: Int32, requestID: UInt32 = 0, transactionID: UInt32 = 0, payload: [UInt8]) {
        self.init(
            type: UInt32(bitPattern: type), requestID: requestID, transactionID: transactionID,
            payload: payload)
    }

    /// A whole message.
    init(bytes: [UInt8]) {
        self.init(
            type: Self.word(0, of: bytes), requestID: Self.word(1, of: bytes),
            transactionID: Self.word(2, of: bytes),
            payload: Array(bytes.dropFirst(Self.headerByteCount)))
    }

    /// What a change of a node means to a watch.
    static func event(path: String, token: String) -> StoreMessage {
        StoreMessage(type: XS_WATCH_EVENT, payload: strings([path, token]))
    }

    /// As it goes into the ring. `length` differs from the payload's in a lie.
    func bytes(claiming length: UInt32? = nil) -> [UInt8] {
        let words = [type, requestID, transactionID, length ?? UInt32(payload.count)]
        return words.withUnsafeBytes { Array($0) } + payload
    }

    /// A word of the header.
    static func word(_ index: Int, of bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        }
    }

    static func strings(_ strings: [String]) -> [UInt8] { strings.flatMap { Array($0.utf8) + [0] } }
}

/// A request's payload, taken apart.
struct StoreArguments {
    let bytes: [UInt8]

    /// The strings that end in a zero byte. What follows the last of these is none.
    var strings: [String] {
        var found: [String] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0 {
            found.append(String(decoding: bytes[start..<index], as: UTF8.self))
            start = index + 1
        }
        return found
    }

    /// The one string of which the payload must consist.
    func single() throws(ModelStore.Refusal) -> String {
        guard bytes.firstIndex(of: 0) == bytes.count - 1, !bytes.isEmpty else {
            throw .invalidArgument
        }
        return strings[0]
    }

    /// A string, and everything after its zero byte.
    func stringAndRest() throws(ModelStore.Refusal) -> (String, [UInt8]) {
        guard let end = bytes.firstIndex(of: 0) else { throw .invalidArgument }
        return (String(decoding: bytes[..<end], as: UTF8.self), Array(bytes[(end + 1)...]))
    }
}
