// The application's side of the console: `print` out, lines in.
#if hasFeature(Embedded)
    import Console

    /// Lines typed at the console (`xl console`), in order.
    ///
    /// Each line goes to one iterator: whoever waited longest. A cancelled wait ends its
    /// iteration. Lines nobody waits for are kept, 64 of them and as much as the ring holds;
    /// after that the toolstack's daemon keeps them.
    public struct ConsoleLines: AsyncSequence, Sendable {
        /// Text without its line end.
        public typealias Element = String
        /// Reading never fails.
        public typealias Failure = Never

        /// One reader.
        public struct AsyncIterator: AsyncIteratorProtocol {
            /// Text without its line end.
            public typealias Element = String
            /// Reading never fails.
            public typealias Failure = Never

            /// The next line without its end, at most 1024 bytes of it; nil when the task is
            /// cancelled.
            public mutating func next() async -> String? { await ConsoleLines.nextLine() }

            /// The next line, on whatever actor the caller is.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async -> String? { await ConsoleLines.nextLine() }
        }

        /// A reader of the lines from now on.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }

        private static func nextLine() async -> String? {
            if let line = Live.kernel.pointee.console?.nextLine() {
                Live.kernel.pointee.tellConsole()
                return line
            }
            let id = Live.kernel.pointee.makeWaiterID()
            return await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    guard !Task.isCancelled else { return continuation.resume(returning: nil) }
                    Live.kernel.pointee.lineWaiters.append(
                        LineWaiter(id: id, continuation: continuation))
                }
            } onCancel: {
                Live.kernel.pointee.removeWaiter(id)?.resume(returning: nil)
            }
        }
    }

    /// Lines typed at the console.
    public var consoleLines: ConsoleLines { ConsoleLines() }

    /// A task that waits for a line.
    struct LineWaiter {
        let id: UInt64
        let continuation: UnsafeContinuation<String?, Never>
    }

    extension Kernel {
        mutating func makeWaiterID() -> UInt64 {
            lastWaiterID += 1
            return lastWaiterID
        }

        mutating func removeWaiter(_ id: UInt64) -> UnsafeContinuation<String?, Never>? {
            guard let index = lineWaiters.firstIndex(where: { $0.id == id }) else { return nil }
            return lineWaiters.remove(at: index).continuation
        }

        /// Gives lines that have come to those who wait for them.
        mutating func serveLines() {
            while !lineWaiters.isEmpty, let line = console?.nextLine() {
                lineWaiters.removeFirst().continuation.resume(returning: line)
            }
        }
    }
#endif
