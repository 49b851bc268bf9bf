// Brings devices and drivers together.

import Clock
import XenStore
import _Concurrency

/// Serves this domain's devices, each with the driver of its type, as they come and go.
///
/// ``run()`` is the service; it returns after ``shutdown()``, once every device is closed. Its
/// cancellation closes them at once, without waiting for backends.
public final class DeviceBus: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private enum Message: Sendable {
        case happened(DeviceEvent)
        case ended(DeviceName, FrontendMachine.Ending)
        case registered
        case shutdown
    }

    /// A device that is being served.
    private final class Session: @unchecked Sendable {
        // Unchecked: everything is on the guest's one executor.

        let device: FrontendDevice
        let driver: any FrontendDriver
        /// Whether anything happened to its directory since.
        var isTouched = false

        init(_ device: FrontendDevice, _ driver: any FrontendDriver) {
            self.device = device
            self.driver = driver
        }
    }

    /// The store that the devices are in.
    public let store: XenStoreClient
    private let timekeeper: Timekeeper
    private let timeouts: DeviceTimeouts
    /// Transactions of devices at a time: half of what is allowed, as others have some, too.
    private let gate = Gate(width: 5)
    private var drivers: [String: any FrontendDriver] = [:]
    private var present: [DeviceName: XenbusDevice] = [:]
    private var sessions: [DeviceName: Session] = [:]
    private var messages: [Message] = []
    private let condition = Waiters()
    private var isStopping = false
    /// Devices that their own task found gone, of which no more is known yet.
    private var vanished: Set<DeviceName> = []

    /// Devices whose backend was not believed.
    public private(set) var rejectedDevices: [DeviceName: BackendPath.Flaw] = [:]

    /// A service that has not begun.
    public init(
        store: XenStoreClient, timekeeper: Timekeeper, timeouts: DeviceTimeouts = DeviceTimeouts()
    ) {
        self.store = store
        self.timekeeper = timekeeper
        self.timeouts = timeouts
    }

    /// Has `driver` serve devices of its type, those included that are there. A type has one
    /// driver.
    public func register(_ driver: any FrontendDriver) {
        precondition(drivers[driver.deviceType] == nil, "two drivers for one type of devices")
        drivers[driver.deviceType] = driver
        post(.registered)
    }

    /// The devices that are there, with a driver or without, in no order.
    public var devices: [XenbusDevice] { Array(present.values) }

    /// The devices that a driver has, or has not yet given back, in no order.
    public var servedDevices: [FrontendDevice] { sessions.values.map { $0.device } }

    /// Has every device closed, with the backends' consent, and ``run()`` return.
    public func shutdown() { post(.shutdown) }

    /// Serves devices until ``shutdown()`` or cancellation.
    public func run() async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.discover() }
                while !(isStopping && sessions.isEmpty) {
                    for session in startSessions() {
                        group.addTask { await self.serve(session) }
                    }
                    if messages.isEmpty {
                        await condition.waitUncancelled()
                    } else {
                        take(messages.removeFirst())
                    }
                }
                group.cancelAll()
            }
        } onCancel: {
            shutdown()
        }
    }

    private func post(_ message: Message) {
        messages.append(message)
        condition.signal()
    }

    private func discover() async {
        for await event in DeviceEvents(store: store, timekeeper: timekeeper) {
            if case .touched(let name) = event {
                touch(name)
            } else {
                post(.happened(event))
            }
        }
    }

    /// Not a message: there may be any number of these.
    private func touch(_ name: DeviceName) {
        sessions[name]?.isTouched = true
        sessions[name]?.device.mailbox.ownChanged()
        if vanished.remove(name) != nil { condition.signal() }
    }

    private func take(_ message: Message) {
        switch message {
        case .happened(let event): take(event)
        case .ended(let name, let ending):
            // Its own look was ahead of the news. Unless there are more, that it is gone will
            // be told; made anew, it is served anew.
            let isTouched = sessions[name]?.isTouched ?? false
            if ending == .removed, !isTouched, present[name] != nil { vanished.insert(name) }
            sessions[name] = nil
        case .registered: break
        case .shutdown:
            isStopping = true
            for session in sessions.values { session.device.detach() }
        }
    }

    private func take(_ event: DeviceEvent) {
        switch event {
        case .arrived(let device):
            vanished.remove(device.name)
            rejectedDevices[device.name] = nil
            present[device.name] = device
        case .departed(let device):
            vanished.remove(device.name)
            present[device.name] = nil
            if let session = sessions[device.name], session.device.identity == device {
                session.device.mailbox.askRemoval()
            }
        case .rejected(let name, let flaw): rejectedDevices[name] = flaw
        case .touched: break
        }
    }

    /// Begins to serve what is there and has a driver. A device that comes again waits until the
    /// driver has given the former back.
    private func startSessions() -> [Session] {
        guard !isStopping else { return [] }
        var started: [Session] = []
        for (name, device) in present where sessions[name] == nil && !vanished.contains(name) {
            guard let driver = drivers[name.type] else { continue }
            let frontend = FrontendDevice(
                device, store: store, timekeeper: timekeeper, timeouts: timeouts, gate: gate)
            let session = Session(frontend, driver)
            sessions[name] = session
            started.append(session)
        }
        return started
    }

    private func serve(_ session: Session) async {
        let ending = await session.device.run(session.driver)
        post(.ended(session.device.name, ending))
    }
}
