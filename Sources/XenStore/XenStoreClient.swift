// The client: tasks that ask, a connection that answers.
//
// Everything happens on the guest's one executor, between whose jobs events are handled.

import CXen
import Clock
import _Concurrency

/// The domain's connection to the store, for any number of tasks.
///
/// 32 requests are with the store at a time; the tasks of further ones wait. Answers go to who
/// asked, in any order. When what the store sends makes no sense, or it wants to, the connection
/// is made anew, as far as the store offers that: then requests are sent again where that does
/// no harm, the others fail with ``XenStoreError/connectionLost``, transactions start over, and
/// watches go on with an event each. A store without that leaves ``XenStoreError/unavailable``.
///
/// Whoever owns the event channel calls ``handleEvent()`` for each event. A store that does not
/// answer makes tasks wait, until they are cancelled.
public final class XenStoreClient: XenStoreOperations, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor, and nothing is held over a
    // suspension.

    typealias Answer = Result<Connection.Reply, XenStoreError>

    var connection: Connection
    private var waiters: [UInt32: UnsafeContinuation<Answer, Never>] = [:]
    /// Who waits for a watch's next event; one for each.
    var readers: [UInt64: UnsafeContinuation<String?, Never>] = [:]
    /// Who waits for a watch's end.
    var enders: [UInt64: [UnsafeContinuation<Void, Never>]] = [:]
    private let signal: () -> Void
    let timekeeper: Timekeeper?
    /// In place of a page that nobody shares.
    private let ownPage: UnsafeMutablePointer<xenstore_domain_interface>?

    /// Takes on the connection that the toolstack made.
    ///
    /// - Parameters:
    ///   - ring: the shared page; must outlive this client.
    ///   - timekeeper: for the pauses of transactions that meet others' changes; without it
    ///     they try again at once.
    ///   - signal: sends the store an event.
    public init(
        ring: UnsafeMutablePointer<xenstore_domain_interface>, timekeeper: Timekeeper? = nil,
        signal: @escaping () -> Void
    ) {
        connection = Connection(ring: XenStoreRing(ring))
        self.timekeeper = timekeeper
        self.signal = signal
        ownPage = nil
    }

    private init() {
        let page = UnsafeMutablePointer<xenstore_domain_interface>.allocate(capacity: 1)
        page.initialize(to: xenstore_domain_interface())
        connection = Connection(ring: XenStoreRing(page))
        connection.phase = .dead
        timekeeper = nil
        signal = {}
        ownPage = page
    }

    deinit { ownPage?.deallocate() }

    /// A client of no store, for a domain that was given none: every request fails as
    /// ``XenStoreError/unavailable``.
    public static var unconnected: XenStoreClient { XenStoreClient() }

    /// The store took requests or left answers: moves what can be moved and resumes tasks. Never
    /// waits; takes in 16 KiB at most.
    public func handleEvent() { settle() }

    /// Goes on over another ring, after the domain was restored or its store was replaced. It is
    /// as when the store makes the connection anew.
    ///
    /// - Parameter ring: the shared page; must outlive this client. The old one is not touched
    ///   any more.
    public func reset(ring: UnsafeMutablePointer<xenstore_domain_interface>) {
        connection.reset(ring: XenStoreRing(ring))
        settle()
    }

    /// Counts of the present and the past.
    public var statistics: XenStoreStatistics { connection.statistics }

    /// Tasks that wait for answers.
    var waiterCount: Int { waiters.count }

    /// Sends a request outside of any transaction, and waits for its answer.
    public func perform(_ request: XenStoreRequest) async throws(XenStoreError) -> [UInt8] {
        try await exchange { $0.submit(request) }.payload.bytes
    }

    /// Waits for the answer to a request that `submit` hands in and gives the number of.
    func exchange(
        _ submit: (inout Connection) -> UInt32
    ) async throws(XenStoreError) -> Connection.Reply {
        // Only this task and its cancellation handler touch it, on one executor.
        nonisolated(unsafe) var id: UInt32?
        let answer = await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Answer, Never>) in
                guard !Task.isCancelled else {
                    return continuation.resume(returning: .failure(.cancelled))
                }
                let number = submit(&connection)
                id = number
                waiters[number] = continuation
                settle()
            }
        } onCancel: {
            if let id { abandon(id) }
        }
        return try answer.get()
    }

    /// As ``exchange(_:)``, and cancellation changes nothing.
    func exchangeUncancelled(
        _ submit: (inout Connection) -> UInt32
    ) async throws(XenStoreError) -> Connection.Reply {
        let answer = await withUnsafeContinuation {
            (continuation: UnsafeContinuation<Answer, Never>) in
            waiters[submit(&connection)] = continuation
            settle()
        }
        return try answer.get()
    }

    private func abandon(_ id: UInt32) {
        guard connection.abandon(id), let waiter = waiters.removeValue(forKey: id) else { return }
        waiter.resume(returning: .failure(.cancelled))
        settle()
    }

    /// Sends the store an event.
    func signalStore() { signal() }

    /// Moves what can be moved, tells the store, and resumes who has waited for it.
    func settle() {
        connection.pump()
        if connection.owesEvent {
            connection.owesEvent = false
            signal()
        }
        let (outcomes, stirred) = connection.takeOutcomes()
        for outcome in outcomes {
            waiters.removeValue(forKey: outcome.id)?.resume(returning: outcome.result)
        }
        for token in stirred { wakeReaders(of: token) }
    }
}
