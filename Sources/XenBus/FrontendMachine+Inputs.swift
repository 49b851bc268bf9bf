// What a frontend remembers of each thing that happens.

extension FrontendMachine {
    /// Whether the driver has a connection that the backend may be part of.
    var isOpen: Bool {
        switch phase {
        case .connecting, .published, .connected, .reconfiguring: true
        default: false
        }
    }

    mutating func take(_ input: Input, _ actions: inout [Action]) {
        switch input {
        case .backend(let reading, let isOnline): take(backend: reading, isOnline, &actions)
        case .own(let reading): take(own: reading)
        case .detach: isDetaching = true
        case .timedOut: takeTimeOut(&actions)
        default: take(ofDriver: input, &actions)
        }
    }

    private mutating func take(
        backend reading: StateReading, _ isOnline: Bool, _ actions: inout [Action]
    ) {
        backend = reading
        self.isOnline = isOnline
        isBackendFresh = true
        // Written again while nothing else changed: so backends tell of a disk's new size.
        if phase == .connected, reading == .state(.connected) { actions.append(.keysChanged) }
    }

    private mutating func takeTimeOut(_ actions: inout [Action]) {
        guard wait != nil else { return }
        hasTimedOut = true
        // Nothing is held, so this wait goes on; it is only told of, and is no fault.
        if phase == .waiting { actions.append(.report(.silence(backend, of: phase))) }
    }

    /// The own state is this end's to write; the toolstack may remove it, close by it, or make
    /// the directory anew with Initialising.
    private mutating func take(own reading: StateReading) {
        guard reading != own else { return }
        switch reading {
        case .absent:
            isRemoved = true
        case .state(.closing), .state(.closed), .state(.initialising):
            if isOpen || phase == .waiting { isReset = true }
            // Nothing is held: go on from what stands there.
            if phase == .dormant || phase == .idle { own = reading }
        default:
            ignoredCount &+= 1
        }
    }

    private mutating func take(ofDriver input: Input, _ actions: inout [Action]) {
        switch (input, driver) {
        case (.asked, .idle), (.asked, .releasing):
            driver = .asking
        case (.quiesced, .busy):
            driver = .quiet
            tellLateDriver(&actions)
        case (.left, _):
            driver = .gone
        case (.failed(let fault), .busy), (.failed(let fault), .quiet):
            count(fault, &actions)
        case (.published(let state), .busy) where phase == .connecting:
            precondition(
                state == .initialised || state == .connected, "published as neither of two states")
            own = .state(state)
            enter(.published)
        case (.reconfigured, .busy) where phase == .reconfiguring:
            write(.reconfiguring, &actions)
        default:
            // What is asked twice, or of a connection that is over already, changes nothing.
            break
        }
    }

    /// One whose time was over learns when it is ready what became of the backend meanwhile.
    private mutating func tellLateDriver(_ actions: inout [Action]) {
        guard phase == .releasing, let outcome else { return }
        actions.append(.release(outcome))
        driver = .releasing
    }
}
