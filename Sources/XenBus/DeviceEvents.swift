// Arrivals and departures of this domain's devices, as the toolstack makes and removes their
// directories.

import Clock
import XenStore
import _Concurrency

/// What becomes of this domain's devices, for one reader. Begins with the arrivals of those that
/// are there. Ends with the task's cancellation, and when the store is gone.
public struct DeviceEvents: AsyncSequence, Sendable {
    /// What became of a device.
    public typealias Element = DeviceEvent
    /// Reading never fails.
    public typealias Failure = Never

    private let store: XenStoreClient
    private let timekeeper: Timekeeper

    /// The devices of the domain that `store` is the connection of.
    public init(store: XenStoreClient, timekeeper: Timekeeper) {
        self.store = store
        self.timekeeper = timekeeper
    }

    /// The one reader.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(scanner: DeviceScanner(store: store), timekeeper: timekeeper)
    }

    /// A reader; it holds one watch.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        /// What became of a device.
        public typealias Element = DeviceEvent
        /// Reading never fails.
        public typealias Failure = Never

        private static var retryNanoseconds: UInt64 { 1_000_000_000 }

        fileprivate var scanner: DeviceScanner
        fileprivate let timekeeper: Timekeeper
        fileprivate var watch: XenStoreWatch?
        fileprivate var queue: [DeviceEvent] = []
        fileprivate var position = 0
        /// The store could not say what there is.
        fileprivate var owesScan = false

        fileprivate init(scanner: DeviceScanner, timekeeper: Timekeeper) {
            self.scanner = scanner
            self.timekeeper = timekeeper
        }

        /// What became of a device, on whatever actor the caller is.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> DeviceEvent? {
            await next()
        }

        /// What became of a device; nil at the end.
        public mutating func next() async -> DeviceEvent? {
            while position == queue.count {
                (queue, position) = ([], 0)
                guard let path = await nextPath() else { return nil }
                do throws(XenStoreError) {
                    queue = try await scanner.look(at: path)
                    owesScan = false
                } catch {
                    if error == .cancelled || error == .unavailable { return nil }
                    owesScan = true
                }
            }
            position += 1
            return queue[position - 1]
        }

        /// What changed: the whole when a watch begins, or when a look has failed.
        private mutating func nextPath() async -> String? {
            if owesScan {
                guard await pause() else { return nil }
                return DeviceScanner.root
            }
            while watch == nil {
                do throws(XenStoreError) {
                    watch = try await scanner.store.watch(DeviceScanner.root)
                } catch {
                    if error == .cancelled || error == .unavailable { return nil }
                    guard await pause() else { return nil }
                }
            }
            return await watch?.next()
        }

        private func pause() async -> Bool {
            await timekeeper.sleep(forNanoseconds: Self.retryNanoseconds)
        }
    }
}
