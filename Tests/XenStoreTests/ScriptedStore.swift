// The store's end of a ring, which does what a test says and nothing else.

import CXen

@testable import XenStore

final class ScriptedStore {
    /// A request as it came.
    struct Request: Equatable {
        let type: MessageType
        let id: UInt32
        let transaction: UInt32
        let payload: [UInt8]

        /// The payload with `|` for each terminator.
        var text: String { String(decoding: payload.map { $0 == 0 ? 0x7C : $0 }, as: UTF8.self) }
    }

    let interface = UnsafeMutablePointer<xenstore_domain_interface>.allocate(capacity: 1)
    private var stream: [UInt8] = []

    init(startingAt index: UInt32 = 0, offersReconnection: Bool = true) {
        interface.initialize(to: xenstore_domain_interface())
        setIndexes(index)
        if offersReconnection {
            interface.pointee.server_features = UInt32(
                XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR)
        }
    }

    deinit { interface.deallocate() }

    func makeRing() -> XenStoreRing { XenStoreRing(interface) }

    private func setIndexes(_ index: UInt32) {
        interface.pointee.req_cons = index
        interface.pointee.req_prod = index
        interface.pointee.rsp_cons = index
        interface.pointee.rsp_prod = index
    }

    var wantsReconnection: Bool { interface.pointee.connection == UInt32(XENSTORE_RECONNECT) }

    /// Makes the connection anew.
    func reconnect(startingAt index: UInt32 = 0) {
        stream = []
        setIndexes(index)
        interface.pointee.connection = UInt32(XENSTORE_CONNECTED)
    }

    /// Reads bytes of requests: all, or at most `limit`.
    @discardableResult
    func read(limit: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: &interface.pointee.req) { requests in
            while interface.pointee.req_cons != interface.pointee.req_prod, bytes.count < limit {
                bytes.append(requests[Int(interface.pointee.req_cons % 1024)])
                interface.pointee.req_cons &+= 1
            }
        }
        stream += bytes
        return bytes
    }

    /// The requests that are whole.
    func requests() -> [Request] {
        read()
        var requests: [Request] = []
        while stream.count >= 16 {
            let header = MessageHeader(stream.span)
            let end = 16 + Int(header.payloadByteCount)
            guard stream.count >= end else { break }
            requests.append(
                Request(
                    type: header.type, id: header.request, transaction: header.transaction,
                    payload: Array(stream[16..<end])))
            stream.removeFirst(end)
        }
        return requests
    }

    /// Puts bytes into the ring; how many fitted.
    @discardableResult
    func send(_ bytes: some Sequence<UInt8>) -> Int {
        var count = 0
        withUnsafeMutableBytes(of: &interface.pointee.rsp) { replies in
            for byte in bytes {
                let used = interface.pointee.rsp_prod &- interface.pointee.rsp_cons
                guard used < 1024 else { break }
                replies[Int(interface.pointee.rsp_prod % 1024)] = byte
                interface.pointee.rsp_prod &+= 1
                count += 1
            }
        }
        return count
    }

    static func message(
        _ type: MessageType, _ id: UInt32, _ payload: [UInt8], transaction: UInt32 = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        MessageHeader(
            type: type, request: id, transaction: transaction, payloadByteCount: payload.count
        ).append(to: &bytes)
        return bytes + payload
    }

    /// Answers with text, in which `|` is a terminator.
    func reply(_ request: Request, _ text: String, as type: MessageType? = nil) {
        let payload = text.utf8.map { $0 == 0x7C ? 0 : $0 }
        let bytes = Self.message(
            type ?? request.type, request.id, payload, transaction: request.transaction)
        precondition(send(bytes) == bytes.count, "a reply does not fit")
    }

    func refuse(_ request: Request, _ name: String) { reply(request, name + "|", as: .error) }

    func event(_ path: String, _ token: String) {
        send(Self.message(.watchEvent, 0, Array(path.utf8) + [0] + Array(token.utf8) + [0]))
    }
}

extension XenStoreRing {
    mutating func write(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        return write(bytes.span)
    }

    mutating func read(limit: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var span = bytes.mutableSpan
        let count = read(into: &span)
        return Array(bytes.prefix(count))
    }
}
