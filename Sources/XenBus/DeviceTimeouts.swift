// How long each wait of a device may last.

/// Nanoseconds for each ``FrontendMachine/Wait``.
///
/// xl gives a detach 10 seconds before it takes the device away by force, so a driver has less.
public struct DeviceTimeouts: Hashable, Sendable {
    /// Until it is told that a backend is not ready. The wait itself has no end: hotplug scripts
    /// take their time, and a backend's domain may have to boot.
    public var backendReady: UInt64 = 60_000_000_000
    /// Until a backend that does not connect is given up for this time.
    public var backendConnected: UInt64 = 60_000_000_000
    /// Until a driver's connection is closed over its head.
    public var driver: UInt64 = 5_000_000_000
    /// Until Closed is written without the backend's Closing.
    public var backendClosing: UInt64 = 3_000_000_000
    /// Until pages are taken back without the backend's Closed, as far as it lets go of them.
    public var backendClosed: UInt64 = 5_000_000_000
    /// From a fault to the next attempt.
    public var retry: UInt64 = 1_000_000_000
    /// From a fault until it no longer counts.
    public var probation: UInt64 = 60_000_000_000

    /// The times above.
    public init() {}

    subscript(wait: FrontendMachine.Wait) -> UInt64 {
        switch wait {
        case .backendReady: backendReady
        case .backendConnected: backendConnected
        case .driver: driver
        case .backendClosing: backendClosing
        case .backendClosed: backendClosed
        case .retry: retry
        case .probation: probation
        }
    }
}
