// The domain's end as the application sees it: asking for it, being told of it, tidying up.

import Lifecycle

extension Guest {
    /// Begins an orderly end and returns: clean-ups run, newest first, then the domain powers off,
    /// or is started again, with `status` on the console's last line.
    ///
    /// - Parameter status: as for ``exit(_:)``.
    public static func shutDown(_ request: ShutdownRequest = .powerOff, status: Int32 = 0) {
        Ends.begin(request, status)
    }

    /// Registers work for the domain's end, whoever asks for it: `main` by returning, ``exit(_:)``,
    /// ``shutDown(_:status:)``, or the toolstack. A crash runs none.
    ///
    /// Clean-ups run one at a time, the newest first. One whose time is up is cancelled, the next
    /// begins, and the console says so. All together have 60 seconds.
    ///
    /// - Parameters:
    ///   - deadline: how long the work may take.
    ///   - work: may do anything but end the domain, which has begun.
    /// - Returns: what takes the registration back.
    @discardableResult
    public static func onShutdown(
        deadline: Duration = .seconds(5), _ work: @escaping @Sendable () async -> Void
    ) -> CleanUp {
        let (seconds, attoseconds) = deadline.components
        let whole = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let rest = UInt64(clamping: attoseconds / 1_000_000_000)
        let sum = whole.partialValue.addingReportingOverflow(rest)
        let nanoseconds = whole.overflow || sum.overflow ? UInt64.max : sum.partialValue
        let cleanUps = Ends.cleanUps
        return CleanUp(
            cleanUps: cleanUps, id: cleanUps.add(withinNanoseconds: nanoseconds, work))
    }

    /// Ends the domain, after it has said where, when one job holds the vCPU for `timeout` to twice
    /// as long: when nothing that awaits can go on. Off by default; `watchdog=SECONDS` on the
    /// command line does the same. On a host it does nothing.
    ///
    /// - Parameter timeout: in whole seconds, at least one; nil ends the watchdog.
    public static func enableWatchdog(timeout: Duration?) {
        #if hasFeature(Embedded)
            Live.setWatchdog(limitSeconds: timeout.map { Int(clamping: $0.components.seconds) })
        #endif
    }

    /// Shows memory and version to a XenServer or an XCP-ng, as its guest agent does, until the
    /// domain ends. Off by default; `metrics=on` on the command line does the same. On a host it
    /// does nothing.
    public static func publishMetrics() {
        #if hasFeature(Embedded)
            Live.housekeeping.startMetrics()
        #endif
    }

    /// The toolstack's requests to end, for an application that wants to answer them itself.
    ///
    /// While one reads them (from `makeAsyncIterator()` on), they do nothing else: it is the
    /// application that calls ``shutDown(_:status:)`` or returns from `main`. While none does, a
    /// request begins the end at once.
    public static var shutdownRequests: ShutdownRequestSequence { ShutdownRequestSequence() }
}

/// A registration of ``Guest/onShutdown(deadline:_:)``.
public struct CleanUp: Sendable {
    fileprivate let cleanUps: CleanUps
    fileprivate let id: CleanUps.ID

    /// Takes the work off the list. Does nothing once it has begun.
    public func cancel() { cleanUps.remove(id) }
}

/// Requests to end, in order.
public struct ShutdownRequestSequence: AsyncSequence, Sendable {
    /// What is to be done.
    public typealias Element = ShutdownRequest
    /// Reading never fails.
    public typealias Failure = Never

    /// One reader; each request goes to one.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// What is to be done.
        public typealias Element = ShutdownRequest
        /// Reading never fails.
        public typealias Failure = Never

        fileprivate let reader: ShutdownRequests.Reader

        /// The next request; nil when the task is cancelled.
        public mutating func next() async -> ShutdownRequest? { await reader.next() }

        /// The next request, on whatever actor the caller is.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async -> ShutdownRequest? { await reader.next() }
    }

    /// A reader of the requests from now on.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reader: ShutdownRequests.Reader(of: Ends.requests))
    }
}

#if hasFeature(Embedded)
    private enum Ends {
        static var cleanUps: CleanUps { Live.housekeeping.cleanUps }
        static var requests: ShutdownRequests { Live.housekeeping.requests }

        static func begin(_ request: ShutdownRequest, _ status: Int32) {
            Live.housekeeping.end(request, status: status)
        }
    }
#endif
