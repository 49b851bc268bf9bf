// From phase to phase: each step looks at what is known and goes one phase on, or stays.

extension FrontendMachine {
    mutating func step(_ actions: inout [Action]) {
        switch phase {
        case .idle: stepIdle(&actions)
        case .waiting: stepWaiting(&actions)
        case .connecting, .published, .connected, .reconfiguring: stepOpen(&actions)
        case .finishing: stepFinishing(&actions)
        case .closing: stepClosing(&actions)
        case .closed: stepClosed(&actions)
        case .releasing: stepReleasing(&actions)
        case .dormant: stepDormant(&actions)
        case .ended: break
        }
    }

    private var hasNoFuture: Bool { isDetaching || driver == .gone }

    private mutating func end(_ ending: Ending, _ actions: inout [Action]) {
        enter(.ended)
        actions.append(.end(ending))
    }

    /// Before the driver's first question. What ran here before may have left any state.
    private mutating func stepIdle(_ actions: inout [Action]) {
        if isRemoved { return end(.removed, &actions) }
        if hasNoFuture || backendLeaves { return beginClosing(&actions) }
        guard driver == .asking else { return }
        switch own {
        case .state(.initialising), .state(.unknown), .absent, .garbage:
            write(.initialising, &actions)
            enter(.waiting)
        default:
            beginClosing(&actions)
        }
    }

    private mutating func stepWaiting(_ actions: inout [Action]) {
        if isRemoved { return end(.removed, &actions) }
        if hasNoFuture || isReset || backendLeaves { return beginClosing(&actions) }
        switch backend {
        case .state(.initWait), .state(.initialised):
            driver = .busy
            enter(.connecting)
            actions.append(.connect)
        default:
            break
        }
    }

    /// The toolstack detaches, or the backend closes before anything was published.
    private var backendLeaves: Bool {
        backend == .state(.closing) || (backend == .state(.closed) && !isOnline)
    }

    private mutating func stepOpen(_ actions: inout [Action]) {
        if driver == .quiet || driver == .gone { return beginClosing(&actions) }
        if isRemoved || isReset { return finish(.removed, &actions) }
        if isDetaching { return finish(.detached, &actions) }
        switch reaction(to: backend) {
        case .stay: break
        case .finish(let reason):
            // It may do so again at once: the next attempt has a pause before it, and no end.
            if reason == .backendCloses, isOnline { faultCount = max(faultCount, 1) }
            return finish(reason, &actions)
        case .reject:
            count(.illegal(backend, of: phase), &actions)
            return finish(.backendFaulty, &actions)
        case .establish:
            enter(.connected)
            write(.connected, &actions)
            actions.append(.established)
        case .resume:
            enter(.connected)
            write(.connected, &actions)
            actions.append(.reconfigured)
        case .reconfigure:
            enter(.reconfiguring)
            actions.append(.reconfiguring)
        case .reconnect:
            actions.append(.reconfigured)
            enter(.published)
            write(.connected, &actions)
        }
        guard hasTimedOut else { return }
        if phase == .connected {
            faultCount = 0
            hasTimedOut = false
        } else {
            count(.silence(backend, of: phase), &actions)
            finish(.backendFaulty, &actions)
        }
    }

    private mutating func finish(_ reason: FinishReason, _ actions: inout [Action]) {
        enter(.finishing)
        actions.append(.finish(reason))
    }

    private mutating func stepFinishing(_ actions: inout [Action]) {
        if driver == .quiet || driver == .gone { return beginClosing(&actions) }
        guard hasTimedOut else { return }
        actions.append(.force)
        beginClosing(&actions)
    }

    private mutating func beginClosing(_ actions: inout [Action]) {
        isReset = false
        if own == .state(.closed) { return enterAndLook(.closed, &actions) }
        write(.closing, &actions)
        enterAndLook(.closing, &actions)
    }

    /// What the backend showed before proves nothing: it may not have seen what is written here.
    private mutating func enterAndLook(_ next: Phase, _ actions: inout [Action]) {
        enter(next)
        isBackendFresh = false
        if !isRemoved { actions.append(.look) }
    }

    private mutating func stepClosing(_ actions: inout [Action]) {
        let isAnswered = isBackendFresh && (backend == .state(.closing) || backendIsAway)
        guard isRemoved || hasTimedOut || isAnswered else { return }
        write(.closed, &actions)
        enterAndLook(.closed, &actions)
    }

    private mutating func stepClosed(_ actions: inout [Action]) {
        if isBackendFresh && backendHoldsNothing {
            release(isRemoved && backend == .absent ? .removed : .released, &actions)
        } else if isRemoved {
            release(.removed, &actions)
        } else if hasTimedOut {
            release(.silent, &actions)
        }
    }

    private mutating func release(_ outcome: CloseOutcome, _ actions: inout [Action]) {
        enter(.releasing)
        switch driver {
        case .quiet:
            driver = .releasing
            actions.append(.release(outcome))
        case .busy:
            self.outcome = outcome
        default:
            break
        }
    }

    private mutating func stepReleasing(_ actions: inout [Action]) {
        guard driver == .asking || driver == .idle || driver == .gone else { return }
        outcome = nil
        enter(.dormant)
    }

    private mutating func stepDormant(_ actions: inout [Action]) {
        if isRemoved { return end(.removed, &actions) }
        if isDetaching { return end(.detached, &actions) }
        // A backend that starts anew may do better than it did.
        if backend == .absent || backend == .state(.initialising) { faultCount = 0 }
        guard driver == .asking, isOnline, backendHoldsNothing, mayRetry else { return }
        write(.initialising, &actions)
        enter(.waiting)
    }

    private var mayRetry: Bool {
        faultCount == 0 || (faultCount < Self.faultLimit && hasTimedOut)
    }
}
