// The table: what a frontend makes of each state of its backend, and what it waits for.

extension FrontendMachine {
    /// What an open device does about its backend's state.
    public enum Reaction: Hashable, Sendable {
        /// Nothing: this is as it should be, or will be.
        case stay
        /// Both ends are connected.
        case establish
        /// The backend wants to change parts of the device.
        case reconfigure
        /// It has, and Connected is to be said anew.
        case reconnect
        /// It has thought better of it.
        case resume
        /// Ask the driver to finish, and close.
        case finish(FinishReason)
        /// As `finish`, and the toolstack is told that the backend broke the protocol.
        case reject
    }

    func reaction(to backend: StateReading) -> Reaction {
        guard case .state(let state) = backend else {
            return backend == .absent ? .finish(.backendGone) : .reject
        }
        switch state {
        case .unknown, .initialising: return .finish(.backendGone)
        case .closing, .closed: return .finish(.backendCloses)
        default: return reaction(toLive: state)
        }
    }

    private func reaction(toLive state: XenbusState) -> Reaction {
        switch (phase, state) {
        case (.connecting, .initWait), (.connecting, .initialised): .stay
        // Of what is not published yet; it counts once it is.
        case (.connecting, .connected): .stay
        case (.published, .initWait), (.published, .initialised): .stay
        case (.published, .connected): .establish
        // The backend has not seen this end's answer yet.
        case (.published, .reconfigured) where own == .state(.connected): .stay
        case (.connected, .connected): .stay
        case (.connected, .reconfiguring): .reconfigure
        // It began anew without a word: its memory of the old connection is gone.
        case (.connected, .initWait), (.connected, .initialised): .finish(.backendGone)
        case (.reconfiguring, .initWait), (.reconfiguring, .initialised): .finish(.backendGone)
        case (.reconfiguring, .reconfiguring): .stay
        case (.reconfiguring, .reconfigured): own == .state(.reconfiguring) ? .reconnect : .reject
        case (.reconfiguring, .connected): .resume
        default: .reject
        }
    }

    /// Whether nobody is there who could answer to Closing. One in InitWait can, and may be about
    /// to map what was published.
    var backendIsAway: Bool { backendHoldsNothing && backend != .state(.initWait) }

    /// Whether the backend's state says that it has nothing of this end's mapped.
    var backendHoldsNothing: Bool {
        switch backend {
        case .absent: true
        case .garbage: false
        case .state(let state):
            switch state {
            case .unknown, .initialising, .initWait, .closed: true
            default: false
            }
        }
    }

    /// What is waited for and may take too long; nil where any time is right.
    public var wait: Wait? {
        switch phase {
        case .waiting: hasTimedOut ? nil : .backendReady
        case .published: .backendConnected
        // A driver may take its time, or never answer: the device is in use all the same.
        case .reconfiguring: own == .state(.reconfiguring) ? .backendConnected : nil
        case .connected: faultCount > 0 ? .probation : nil
        case .finishing: .driver
        case .closing: .backendClosing
        case .closed: .backendClosed
        case .dormant:
            (1..<Self.faultLimit).contains(faultCount) && driver == .asking && !hasTimedOut
                ? .retry : nil
        case .idle, .connecting, .releasing, .ended: nil
        }
    }
}
