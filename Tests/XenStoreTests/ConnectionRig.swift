// A connection and the scripted end of its ring, driven call by call.

import CXen
import Testing

@testable import XenStore

final class ConnectionRig {
    let store: ScriptedStore
    var connection: Connection
    /// What became of requests, by their numbers.
    var outcomes: [UInt32: Result<ReplyPayload, XenStoreError>] = [:]
    var stirred: [UInt64] = []

    init(offersReconnection: Bool = true, startingAt index: UInt32 = 0) {
        store = ScriptedStore(startingAt: index, offersReconnection: offersReconnection)
        connection = Connection(ring: store.makeRing())
    }

    /// An event came, or a request was handed in.
    func pump() {
        connection.pump()
        let (outcomes, stirred) = connection.takeOutcomes()
        for outcome in outcomes {
            let isNew =
                self.outcomes.updateValue(outcome.result.map(\.payload), forKey: outcome.id) == nil
            #expect(isNew, "a request has two outcomes")
        }
        self.stirred += stirred
    }

    @discardableResult
    func submit(_ request: XenStoreRequest, transaction: UInt32 = 0) -> UInt32 {
        let id = connection.submit(request, transaction: transaction)
        pump()
        return id
    }

    func abandon(_ id: UInt32) -> Bool {
        defer { pump() }
        return connection.abandon(id)
    }

    /// Hands a request in, and takes it out at the store.
    func exchange(
        _ request: XenStoreRequest, transaction: UInt32 = 0
    ) throws -> ScriptedStore.Request {
        let id = submit(request, transaction: transaction)
        return try #require(store.requests().first { $0.id == id })
    }

    /// A watch that the store has.
    func watch(_ path: String) throws -> UInt64 {
        let (token, id) = connection.addWatch(path)
        pump()
        let request = try #require(store.requests().first { $0.id == id })
        #expect(request.text == "\(path)|\(token)|")
        store.reply(request, "OK|")
        pump()
        return token
    }

    func changes(of token: UInt64) -> [String] {
        var changes: [String] = []
        while let path = connection.nextChange(of: token) {
            changes.append(String(decoding: path, as: UTF8.self))
        }
        return changes
    }

    /// The store makes sense no more.
    func breakIndexes() {
        store.interface.pointee.rsp_prod = store.interface.pointee.rsp_cons &+ 5000
        pump()
    }

    /// The store makes the connection anew, as it was asked to.
    func reconnect(startingAt index: UInt32 = 0) {
        #expect(store.wantsReconnection)
        store.reconnect(startingAt: index)
        pump()
    }

    func failure(of id: UInt32) -> XenStoreError? {
        guard case .failure(let error) = outcomes[id] else { return nil }
        return error
    }

    func text(of id: UInt32) -> String? {
        guard case .success(let payload) = outcomes[id] else { return nil }
        return String(decoding: payload.bytes, as: UTF8.self)
    }

    /// Whether nothing of anything is left.
    var isIdle: Bool {
        let counts = connection.statistics
        return counts.requestsInFlight == 0 && counts.requestsWaiting == 0 && counts.watches == 0
            && counts.transactions == 0
    }
}
