// News of a disk: that it has grown, lost its medium, or become read-only.

import BlockDevices
import _Concurrency

extension Disk {
    /// What the disk is like, from now on whenever it changes. Several changes may come as one.
    /// Ends with the disk, and with the task's cancellation.
    public var geometryChanges: GeometryChanges { GeometryChanges(disk: self) }

    /// Changes of a disk, for one reader.
    public struct GeometryChanges: AsyncSequence, Sendable {
        /// What it is like now.
        public typealias Element = BlockGeometry
        /// Reading never fails.
        public typealias Failure = Never

        let disk: Disk

        /// The one reader.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(disk: disk, seenCount: disk.changeCount)
        }

        /// A reader.
        public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
            /// What it is like now.
            public typealias Element = BlockGeometry
            /// Reading never fails.
            public typealias Failure = Never

            let disk: Disk
            var seenCount: Int

            /// The next change, on whatever actor the caller is.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async -> BlockGeometry? { await next() }

            /// The next change; nil at the end.
            public mutating func next() async -> BlockGeometry? {
                while disk.changeCount == seenCount {
                    if disk.isGone || Task.isCancelled { return nil }
                    await disk.changes.wait()
                }
                seenCount = disk.changeCount
                return disk.isGone ? nil : disk.geometry
            }
        }
    }
}
