// Lines that come in at the console; on a host, at standard input.

/// Lines typed at the console (`xl console`), in order.
///
/// Each line goes to one iterator: whoever waited longest. A cancelled wait ends its
/// iteration. Lines nobody waits for are kept, 64 of them and as much as the ring holds;
/// after that the toolstack's daemon keeps them. On a host they are those of standard input,
/// and a wait blocks the thread.
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
        /// cancelled, and on a host at the end of the input.
        public mutating func next() async -> String? { await ConsoleLines.nextLine() }

        /// The next line, on whatever actor the caller is.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async -> String? { await ConsoleLines.nextLine() }
    }

    /// A reader of the lines from now on.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
}

/// Lines typed at the console.
public var consoleLines: ConsoleLines { ConsoleLines() }
