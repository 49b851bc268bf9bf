// The other end: the life of a device as a backend sees it. Facts in, actions out.
//
// Source: Xen public/io/blkif.h, "STATE DIAGRAMS"; what Linux's block and network backends do where
// that is silent.

/// A backend's side of the handshake with one frontend, through any number of connections.
public struct BackendMachine: Hashable, Sendable {
    /// What can happen.
    public enum Input: Hashable, Sendable {
        /// The frontend's state as read from the store, also when it is the same as before.
        case frontend(StateReading)
        /// The backend's own keys are written: a frontend may come.
        case prepared
        /// The frontend's pages and port are mapped and bound.
        case mapped
        /// Nothing of the frontend's is held any more.
        case unmapped
        /// What the frontend published is of no use.
        case failed(DeviceFault)
        /// The toolstack has written `online` 0 and Closing as this end's state.
        case detached
        /// Parts of the device are about to change; again when they have.
        case reconfigure
    }

    /// What is to be done.
    public enum Action: Hashable, Sendable {
        /// Write this end's state.
        case write(XenbusState)
        /// Read the frontend's keys, map its pages; answer `mapped` or `failed`.
        case map
        /// Let go of everything; answer `unmapped`.
        case unmap
        /// Write the fault to the store.
        case report(DeviceFault)
        /// The device is over: nothing more will come.
        case remove
    }

    /// Whether anything of the frontend's is held.
    public enum Hold: Hashable, Sendable {
        /// Nothing.
        case none
        /// Being mapped.
        case mapping
        /// Mapped.
        case mapped
        /// Being let go.
        case unmapping
    }

    /// This end's state, as last written.
    public private(set) var own = XenbusState.initialising
    /// The frontend's state as last read.
    public private(set) var frontend = StateReading.absent
    /// Whether anything of the frontend's is held.
    public private(set) var hold = Hold.none
    /// Whether the toolstack means the device to stay.
    public private(set) var isOnline = true
    /// Nothing more will come.
    public private(set) var isRemoved = false

    private var isPrepared = false
    private var hasFailed = false
    private var wantsChange = false

    /// A backend whose keys are not written yet.
    public init() {}

    /// Takes in what has happened; returns what is to be done, in order.
    public mutating func handle(_ input: Input) -> [Action] {
        guard !isRemoved else { return [] }
        var actions: [Action] = []
        take(input, &actions)
        settle(&actions)
        return actions
    }

    private mutating func take(_ input: Input, _ actions: inout [Action]) {
        switch input {
        case .frontend(let reading):
            frontend = reading
            // Whoever begins anew is judged anew.
            if reading == .state(.initialising) { hasFailed = false }
        case .prepared: isPrepared = true
        case .mapped: if hold == .mapping { hold = .mapped }
        case .unmapped: if hold == .unmapping { hold = .none }
        case .failed(let fault): fail(fault, &actions)
        case .detached:
            isOnline = false
            own = .closing
        case .reconfigure: if own == .connected || own == .reconfiguring { wantsChange = true }
        }
    }

    private mutating func fail(_ fault: DeviceFault, _ actions: inout [Action]) {
        hasFailed = true
        actions.append(.report(fault))
    }

    private mutating func write(_ state: XenbusState, _ actions: inout [Action]) {
        guard own != state else { return }
        own = state
        actions.append(.write(state))
    }

    private mutating func letGo(_ actions: inout [Action]) {
        guard hold == .mapping || hold == .mapped else { return }
        hold = .unmapping
        actions.append(.unmap)
    }
}

// What each state of the frontend asks for.
extension BackendMachine {
    private mutating func settle(_ actions: inout [Action]) {
        guard case .state(let state) = frontend else { return settleUnknown(&actions) }
        switch state {
        case .unknown: settleUnknown(&actions)
        case .initialising: settleInitialising(&actions)
        case .initialised, .connected: settlePublished(&actions)
        case .closing: settleClosing(&actions)
        case .closed: settleClosed(&actions)
        case .reconfiguring: settleReconfiguring(&actions)
        // A frontend has no such states of its own.
        case .initWait, .reconfigured: reject(&actions)
        }
    }

    /// No frontend, or one whose state is no state.
    private mutating func settleUnknown(_ actions: inout [Action]) {
        if frontend == .garbage { return reject(&actions) }
        letGo(&actions)
        guard hold == .none else { return }
        if !isOnline {
            write(.closed, &actions)
            isRemoved = true
            actions.append(.remove)
        } else if own != .initialising {
            write(.closed, &actions)
        }
    }

    private mutating func settleInitialising(_ actions: inout [Action]) {
        letGo(&actions)
        guard hold == .none, isPrepared, isOnline else { return }
        write(.initWait, &actions)
    }

    private mutating func settlePublished(_ actions: inout [Action]) {
        if hasFailed { return reject(&actions) }
        switch hold {
        case .none where own == .initialising && isPrepared && isOnline:
            // A life begins under a frontend that is connected to the one before: it has to hear.
            write(.initWait, &actions)
        case .none where own == .initWait:
            hold = .mapping
            actions.append(.map)
        case .mapped where own == .initWait:
            write(.connected, &actions)
        case .mapped where own == .reconfigured && frontend == .state(.connected):
            write(.connected, &actions)
        case .mapped where own == .connected && wantsChange:
            write(.reconfiguring, &actions)
            wantsChange = false
        default:
            // Published before this end was ready, or after it began to close: Closing has been
            // said, or InitWait will be once the frontend begins anew.
            break
        }
    }

    private mutating func settleClosing(_ actions: inout [Action]) {
        if own != .closed { write(.closing, &actions) }
    }

    private mutating func settleClosed(_ actions: inout [Action]) {
        letGo(&actions)
        guard hold == .none else { return }
        write(.closed, &actions)
        guard !isOnline else { return }
        isRemoved = true
        actions.append(.remove)
    }

    private mutating func settleReconfiguring(_ actions: inout [Action]) {
        guard own == .reconfiguring else { return }
        write(.reconfigured, &actions)
    }

    /// Holds nothing of a frontend that breaks the protocol, and says so.
    private mutating func reject(_ actions: inout [Action]) {
        letGo(&actions)
        if own != .closed { write(.closing, &actions) }
    }
}
