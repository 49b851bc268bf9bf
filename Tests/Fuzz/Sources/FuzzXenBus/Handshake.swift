// A frontend's end under any inputs, and what must hold after each.

@testable import XenBus

/// One frontend's machine, watched.
struct Handshake {
    private var machine: FrontendMachine
    private var hasConnection = false

    init() { machine = FrontendMachine(found: .state(.initialising)) }

    mutating func run(_ bytes: [UInt8]) {
        if let first = bytes.first { machine = FrontendMachine(found: Self.reading(first)) }
        for byte in bytes.dropFirst().prefix(4096) {
            let wasRemoved = machine.isRemoved
            for action in machine.handle(Self.input(byte)) {
                check(action, wasRemoved: wasRemoved)
            }
        }
    }

    private mutating func check(_ action: FrontendMachine.Action, wasRemoved: Bool) {
        switch action {
        case .write(let state):
            precondition(!wasRemoved, "writes where nothing is left")
            precondition(
                state != .initWait && state != .reconfigured, "writes what is a backend's")
        case .connect:
            precondition(!hasConnection, "connects twice")
            hasConnection = true
        case .release:
            precondition(hasConnection, "releases nothing")
            hasConnection = false
        case .end: precondition(machine.driver != .busy, "ends in use")
        case .established, .keysChanged, .reconfiguring, .reconfigured, .finish, .force:
            precondition(hasConnection, "tells a driver that has no connection")
        case .look: precondition(!wasRemoved, "looks for nobody")
        case .report(let fault): precondition(!fault.text.isEmpty, "a fault without words")
        }
        // A driver that has returned holds nothing, whatever it was told.
        if machine.driver == .gone { hasConnection = false }
    }

    private static func reading(_ byte: UInt8) -> StateReading {
        switch byte % 11 {
        case 9: .absent
        case 10: .garbage
        default: .state(XenbusState(rawValue: byte % 11) ?? .unknown)
        }
    }

    private static func input(_ byte: UInt8) -> FrontendMachine.Input {
        switch byte {
        case 0..<88: .backend(reading(byte), isOnline: byte < 66)
        case 88..<121: .own(reading(byte))
        case 121..<140: .asked
        case 140..<158: .published(byte % 2 == 0 ? .initialised : .connected)
        case 158..<166: .reconfigured
        case 166..<190: .quiesced
        case 190..<200: .failed(DeviceFault(.invalidArgument, "fuzz"))
        case 200..<204: .left
        case 204..<208: .detach
        default: .timedOut
        }
    }
}
