// A connection whose other end is the fuzzer: steps, and what must hold after each.

import CXen
import InputReading

@testable import XenStore

final class Play {
    private var input: InputReader
    private let page = UnsafeMutablePointer<xenstore_domain_interface>.allocate(capacity: 1)
    private var connection: Connection
    /// Requests that somebody waits for.
    private var awaited: Set<UInt32> = []
    private var tokens: [UInt64] = []

    init(_ input: InputReader) {
        self.input = input
        page.initialize(to: xenstore_domain_interface())
        let start = self.input.word()
        page.pointee.server_features = UInt32(self.input.byte() & 3)
        page.pointee.connection = UInt32(self.input.byte() & 1)
        setIndexes(page, start)
        connection = Connection(ring: XenStoreRing(page))
    }

    deinit { page.deallocate() }

    func run() {
        for _ in 0..<400 where !input.isAtEnd {
            step()
            check()
        }
        end()
    }

    private func step() {
        switch input.byte() % 16 {
        case 0, 1: submit()
        case 2: watch()
        case 3: tokens.randomChoice(&input).map { connection.dropWatch($0) }
        case 4: tokens.randomChoice(&input).map { _ = connection.nextChange(of: $0) }
        case 5: abandon()
        case 6: put(input.take(Int(input.byte())))
        case 7, 8: reply()
        case 9: event()
        case 10: page.pointee.req_cons = page.pointee.req_prod
        case 11: page.pointee.req_cons &+= UInt32(input.byte())
        case 12: corrupt()
        case 13:
            setIndexes(page, UInt32(input.byte()))
            page.pointee.connection = 0
        case 14: connection.reset(ring: XenStoreRing(page))
        default: break
        }
        connection.pump()
    }

    private func submit() {
        let kinds: [XenStoreRequest?] = [
            try? .read("a"), try? .write("a", [1]), try? .directory("a"), .transactionStart,
            try? .directoryPart("a", offset: 7), .domainPath(of: .control), .release(.control),
            try? .write("b", [UInt8](repeating: 7, count: 3000)), try? .permissions("a"),
        ]
        guard let request = kinds.randomChoice(&input) ?? nil else { return }
        awaited.insert(connection.submit(request))
        if let open = connection.transactions.first, input.byte() % 4 == 0 {
            let end = XenStoreRequest.transactionEnd(commits: true)
            awaited.insert(connection.submit(end, transaction: open))
        }
    }

    private func watch() {
        let (token, id) = connection.addWatch(input.byte() % 2 == 0 ? "a" : "/local")
        awaited.insert(id)
        tokens.append(token)
    }

    private func abandon() {
        guard let id = awaited.sorted().randomChoice(&input) else { return }
        if connection.abandon(id) { awaited.remove(id) }
    }

    /// A message with a header that makes sense.
    private func put(_ type: UInt32, _ id: UInt32, _ payload: [UInt8]) {
        var bytes: [UInt8] = []
        MessageHeader(
            type: MessageType(rawValue: type), request: id, transaction: 0,
            payloadByteCount: payload.count
        ).append(to: &bytes)
        put(bytes + payload)
    }

    private func reply() {
        let ids = connection.entries.keys.sorted()
        guard let id = ids.randomChoice(&input), let entry = connection.entries[id] else { return }
        switch input.byte() % 4 {
        case 0: put(entry.request.type.rawValue, id, Array("OK\0".utf8))
        case 1: put(entry.request.type.rawValue, id, Array("\(input.byte())\0".utf8))
        case 2: put(UInt32(XS_ERROR), id, Array("EEXIST\0".utf8))
        default: put(entry.request.type.rawValue, id, input.take(Int(input.byte())))
        }
    }

    private func event() {
        let token = tokens.randomChoice(&input) ?? 0
        let path = input.take(Int(input.byte() % 16))
        put(UInt32(XS_WATCH_EVENT), 0, path + [0] + Array("\(token)".utf8) + [0])
    }

    private func put(_ bytes: [UInt8]) {
        withUnsafeMutableBytes(of: &page.pointee.rsp) { replies in
            for byte in bytes where page.pointee.rsp_prod &- page.pointee.rsp_cons < 1024 {
                replies[Int(page.pointee.rsp_prod % 1024)] = byte
                page.pointee.rsp_prod &+= 1
            }
        }
    }

    private func corrupt() {
        switch input.byte() % 6 {
        case 0: page.pointee.rsp_prod = input.word()
        case 1: page.pointee.req_cons = input.word()
        case 2: page.pointee.connection = input.word()
        case 3: page.pointee.server_features = input.word()
        case 4: page.pointee.error = input.word()
        default:
            page.pointee.rsp_cons = input.word()
            page.pointee.req_prod = input.word()
        }
    }

    /// What holds whatever the store did.
    private func check() {
        for outcome in connection.takeOutcomes().outcomes {
            precondition(awaited.remove(outcome.id) != nil, "an outcome that nobody waits for")
        }
        let counts = connection.statistics
        precondition(counts.requestsInFlight >= 0, "fewer than no requests")
        precondition(counts.requestsInFlight <= Connection.inFlightLimit, "too many requests")
        precondition(
            connection.transactionSlotsInUse >= 0, "fewer than no transactions in the store")
        precondition(
            connection.transactionSlotsInUse <= Connection.transactionLimit + 1,
            "too many transactions")
        precondition(counts.watches <= tokens.count, "watches from nowhere")
        let open = connection.entries.filter(\.value.isAwaited).keys
        precondition(Set(open) == awaited, "somebody waits for nothing")
    }

    /// A connection that dies tells everybody, and keeps nothing.
    private func end() {
        page.pointee.server_features = 0
        page.pointee.connection = 0
        connection.reset(ring: XenStoreRing(page))
        page.pointee.rsp_prod = page.pointee.rsp_cons &+ 5000
        connection.pump()
        check()
        precondition(awaited.isEmpty, "somebody waits for a dead connection")
        let counts = connection.statistics
        precondition(counts.requestsInFlight + counts.requestsWaiting == 0, "a request is left")
        precondition(counts.watches == 0, "a watch is left")
        precondition(counts.transactions == 0, "a transaction is left")
    }
}

private func setIndexes(
    _ page: UnsafeMutablePointer<xenstore_domain_interface>, _ index: UInt32
) {
    page.pointee.req_cons = index
    page.pointee.req_prod = index
    page.pointee.rsp_cons = index
    page.pointee.rsp_prod = index
}

extension Array {
    fileprivate func randomChoice(_ input: inout InputReader) -> Element? {
        isEmpty ? nil : self[Int(input.byte()) % count]
    }
}
