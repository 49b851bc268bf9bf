// A device in the hands of its driver.

import Clock
import XenStore
import XenTypes
import _Concurrency

/// One device for as long as the toolstack leaves it here, through any number of connections.
///
/// A driver's whole life with it:
///
///     while let connection = await device.nextConnection() {
///         // lend a ring, allocate a port
///         do throws(DeviceError) {
///             try await connection.publish([PublishedKey("ring-ref", 8)])
///             try await connection.established()
///             // serve until connection.nextChange() says .closing
///         } catch {}
///         await connection.close()
///         // take back the ring, close the port
///     }
public final class FrontendDevice: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Type, number, and where its backend is.
    public let identity: XenbusDevice
    /// For what a driver has to ask or watch besides the handshake.
    public let store: XenStoreClient
    /// The guest's time.
    public let timekeeper: Timekeeper

    let timeouts: DeviceTimeouts
    let gate: Gate
    let mailbox = DeviceMailbox()
    let condition = Waiters()
    var machine = FrontendMachine(found: .absent)
    var current: FrontendConnection?
    /// A connection that the driver has not taken yet.
    var offered: FrontendConnection?
    var generation: UInt32 = 0
    /// Keys of all connections until now.
    var publishedKeys: Set<String> = []
    var ending: FrontendMachine.Ending?
    var failedWriteCount = 0
    var debts = Debts()

    /// What the store would not do, to be tried again: without it both ends would wait for ever.
    struct Debts {
        var state: XenbusState?
        var owesBackendLook = false
        var owesOwnLook = false

        var isEmpty: Bool { state == nil && !owesBackendLook && !owesOwnLook }
    }

    init(
        _ identity: XenbusDevice, store: XenStoreClient, timekeeper: Timekeeper,
        timeouts: DeviceTimeouts, gate: Gate
    ) {
        self.identity = identity
        self.store = store
        self.timekeeper = timekeeper
        self.timeouts = timeouts
        self.gate = gate
    }

    /// Type and number.
    public var name: DeviceName { identity.name }
    /// The domain to lend pages and ports to.
    public var backendDomain: DomainID { identity.backendDomain }
    /// This end's directory, relative to that of this domain.
    public var frontendPath: String { identity.frontendPath }
    /// The backend's directory.
    public var backendPath: String { identity.backendPath }
    /// Where the device is in its life.
    public var phase: FrontendMachine.Phase { machine.phase }
    /// States written by others that meant nothing where they came.
    public var ignoredStateCount: UInt32 { machine.ignoredCount }
    /// Writes to the store that failed for good.
    public var storeFailureCount: Int { failedWriteCount }

    /// Waits until the backend is ready for a connection. Whatever was lent for an earlier one
    /// has been taken back, or put aside for good.
    ///
    /// - Returns: nil when the device is over or the task is cancelled: the driver returns.
    public func nextConnection() async -> FrontendConnection? {
        precondition(
            current.map { $0.outcome != nil } ?? true, "the connection before was not closed")
        current = nil
        mailbox.post(.ask)
        while ending == nil, !Task.isCancelled {
            if let connection = offered {
                offered = nil
                return connection
            }
            await condition.wait()
        }
        return nil
    }
}

/// What serves all devices of a type.
public protocol FrontendDriver: AnyObject, Sendable {
    /// The type: `vbd`, `vif`.
    var deviceType: String { get }

    /// Serves one device. Called once for each that arrives, side by side; returns when
    /// ``FrontendDevice/nextConnection()`` has returned nil, or to leave the device unused.
    func run(_ device: FrontendDevice) async
}
