// The states of either end of a device, and what can stand where a state should.
//
// Each end writes its own as a decimal number to `state` in its directory.
// Source: xen-headers/include/xen/xenbus.h.

/// One end's state (`enum xenbus_state`).
@frozen
public enum XenbusState: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing is known (XenbusStateUnknown).
    case unknown = 0
    /// The end has started (XenbusStateInitialising).
    case initialising = 1
    /// Waits for the peer, or for a hotplug script (XenbusStateInitWait).
    case initWait = 2
    /// Has published what the peer needs (XenbusStateInitialised).
    case initialised = 3
    /// In use (XenbusStateConnected).
    case connected = 4
    /// Being closed, by either end's wish or the toolstack's (XenbusStateClosing).
    case closing = 5
    /// Closed: holds nothing of the peer's (XenbusStateClosed).
    case closed = 6
    /// Parts are about to change (XenbusStateReconfiguring).
    case reconfiguring = 7
    /// Parts have changed (XenbusStateReconfigured).
    case reconfigured = 8

    /// Reads a state as the store holds it: one digit from `0` to `8` and nothing else.
    public init?(parsing text: String) {
        var bytes = text.utf8.makeIterator()
        guard let digit = bytes.next(), bytes.next() == nil,
            let number = UInt8(exactly: Int(digit) - 0x30)
        else { return nil }
        self.init(rawValue: number)
    }

    /// As it is written to the store.
    public var text: String { String(rawValue) }
}

extension XenbusState: CustomStringConvertible {
    /// Xen's name without its prefix.
    public var description: String {
        switch self {
        case .unknown: "Unknown"
        case .initialising: "Initialising"
        case .initWait: "InitWait"
        case .initialised: "Initialised"
        case .connected: "Connected"
        case .closing: "Closing"
        case .closed: "Closed"
        case .reconfiguring: "Reconfiguring"
        case .reconfigured: "Reconfigured"
        }
    }
}

/// What was found where an end's state should be.
@frozen
public enum StateReading: Hashable, Sendable {
    /// A state.
    case state(XenbusState)
    /// Nothing, or nothing that this domain may read.
    case absent
    /// Something that is no state.
    case garbage

    /// What the store answered; nil where there was no such node.
    public init(parsing text: String?) {
        guard let text else {
            self = .absent
            return
        }
        self = XenbusState(parsing: text).map { .state($0) } ?? .garbage
    }
}

extension StateReading: CustomStringConvertible {
    /// The state's name, or what there was instead.
    public var description: String {
        switch self {
        case .state(let state): state.description
        case .absent: "no state"
        case .garbage: "garbage"
        }
    }
}
