// Which devices there are, from what the store lists: names and paths that others wrote.

import XenTypes

/// A device that the toolstack gave to this domain.
public struct XenbusDevice: Hashable, Sendable {
    /// Its type and number.
    public let name: DeviceName
    /// Where its backend is.
    public let backend: BackendPath

    /// A device and its backend.
    public init(name: DeviceName, backend: BackendPath) {
        self.name = name
        self.backend = backend
    }

    /// This end's directory, relative to that of this domain.
    public var frontendPath: String { name.frontendPath }
    /// The backend's directory.
    public var backendPath: String { backend.text }
    /// The domain to lend pages and ports to.
    public var backendDomain: DomainID { backend.domain }
}

/// One directory `device/TYPE/NUMBER`, as read; nil where there is no such key.
public struct DeviceEntry: Hashable, Sendable {
    /// The name of the type's directory.
    public var type: String
    /// The name of the device's directory.
    public var number: String
    /// What `backend` holds.
    public var backend: String?
    /// What `backend-id` holds.
    public var backendID: String?
    /// Whether there is a `state`.
    public var hasState: Bool

    /// A directory, as read.
    public init(
        type: String, number: String, backend: String?, backendID: String?, hasState: Bool
    ) {
        self.type = type
        self.number = number
        self.backend = backend
        self.backendID = backendID
        self.hasState = hasState
    }
}

/// What became of a device.
public enum DeviceEvent: Hashable, Sendable {
    /// It is there.
    case arrived(XenbusDevice)
    /// Something in its directory may have changed.
    case touched(DeviceName)
    /// It is not there any more.
    case departed(XenbusDevice)
    /// It is there, and its backend cannot be believed. Told once for each flaw.
    case rejected(DeviceName, BackendPath.Flaw)
}

/// The devices that are known, and what a new look at the store means for them.
public struct DeviceDirectory: Sendable {
    /// Devices that are served at the same time; more wait until others go.
    public static var deviceLimit: Int { 256 }
    /// Types that are looked into.
    public static var typeLimit: Int { 64 }

    private var known: [DeviceName: XenbusDevice] = [:]
    private var rejected: [DeviceName: BackendPath.Flaw] = [:]

    /// Knows no device.
    public init() {}

    /// The devices that are there, in no order.
    public var devices: some Collection<XenbusDevice> { known.values }

    /// Whether a device is known, or known to be no good.
    public func contains(_ name: DeviceName) -> Bool { known[name] != nil }

    /// Compares all that was found with all that was known.
    public mutating func update(_ entries: some Sequence<DeviceEntry>) -> [DeviceEvent] {
        var events: [DeviceEvent] = []
        var seen: Set<DeviceName> = []
        for entry in entries {
            guard let name = DeviceName(type: entry.type, parsing: entry.number) else { continue }
            guard seen.count < Self.deviceLimit, seen.insert(name).inserted else { continue }
            update(name, entry, &events)
        }
        for name in Array(known.keys) where !seen.contains(name) { depart(name, &events) }
        for name in Array(rejected.keys) where !seen.contains(name) { rejected[name] = nil }
        return events
    }

    /// Compares what was found of one device with what was known of it.
    ///
    /// - Parameter entry: nil when its directory is gone.
    public mutating func update(_ name: DeviceName, _ entry: DeviceEntry?) -> [DeviceEvent] {
        var events: [DeviceEvent] = []
        if let entry {
            let count = known.count + rejected.count
            let isKnown = known[name] != nil || rejected[name] != nil
            if isKnown || count < Self.deviceLimit { update(name, entry, &events) }
        } else {
            depart(name, &events)
            rejected[name] = nil
        }
        return events
    }

    private mutating func depart(_ name: DeviceName, _ events: inout [DeviceEvent]) {
        if let device = known.removeValue(forKey: name) { events.append(.departed(device)) }
    }

    private mutating func update(
        _ name: DeviceName, _ entry: DeviceEntry, _ events: inout [DeviceEvent]
    ) {
        // Keys of a device that is being made, or of none: `device/suspend` is one.
        guard let path = entry.backend, let id = entry.backendID, entry.hasState else {
            depart(name, &events)
            return
        }
        do throws(BackendPath.Flaw) {
            let device = XenbusDevice(
                name: name, backend: try BackendPath(parsing: path, backendID: id))
            rejected[name] = nil
            guard known[name] != device else { return }
            depart(name, &events)
            known[name] = device
            events.append(.arrived(device))
        } catch {
            depart(name, &events)
            guard rejected[name] != error else { return }
            rejected[name] = error
            events.append(.rejected(name, error))
        }
    }
}
