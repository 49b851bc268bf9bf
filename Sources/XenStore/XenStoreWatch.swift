// A watch in the hands of who reads it.

import _Concurrency

/// Changes at a path and below it, for one reader.
///
/// Each element is the path of a node that changed, relative if the watched one is. The first
/// comes at once. Events may come without a change, and several changes of a node may come as
/// one event: look at what is there, do not count.
///
/// While nobody reads, each path is kept once, and 32 of them; with more, there is one event, of
/// the watched path itself, which stands for everything below it. The same event comes when the
/// connection to the store was made anew.
///
/// The watch ends when the last copy of it is gone, or with ``end()``. Reading ends with it, with
/// the task's cancellation, and when the store is gone or does not take the watch again.
public struct XenStoreWatch: AsyncSequence, Sendable {
    /// The path of a node that changed.
    public typealias Element = String
    /// Reading never fails.
    public typealias Failure = Never

    /// Ends the watch with its last reference.
    private final class Lifetime: Sendable {
        let token: UInt64
        let client: XenStoreClient

        init(token: UInt64, client: XenStoreClient) {
            self.token = token
            self.client = client
        }

        deinit { client.drop(token) }
    }

    /// The reader. It keeps the watch alive.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// The path of a node that changed.
        public typealias Element = String
        /// Reading never fails.
        public typealias Failure = Never

        fileprivate let watch: XenStoreWatch

        /// The path of a node that changed; nil at the end.
        public mutating func next() async -> String? { await watch.next() }

        /// The path of a node that changed, on whatever actor the caller is.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> String? {
            await watch.next()
        }
    }

    /// The path that is watched, as it was given.
    public let path: String
    private let lifetime: Lifetime

    init(path: String, token: UInt64, client: XenStoreClient) {
        self.path = path
        lifetime = Lifetime(token: token, client: client)
    }

    /// The path of a node that changed; nil at the end. Only one task may wait at a time.
    public func next() async -> String? { await lifetime.client.nextChange(of: lifetime.token) }

    /// Has the store forget the watch, and waits until it has, unless the task is cancelled.
    public func end() async { await lifetime.client.end(lifetime.token) }

    /// The one reader.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(watch: self) }
}
