// What holds of the frontend's machine in every state, whatever happens next.

import Testing

@testable import XenBus

@Suite struct FrontendMachineExhaustiveTests {
    private typealias Machine = FrontendMachine

    /// What this end's state may become; the first is anything that was found or that others wrote.
    private func isLegal(_ old: StateReading, _ new: XenbusState, _ before: Machine) -> Bool {
        switch (old, new) {
        case (_, .closing), (_, .closed): true
        case (_, .initialising): before.phase == .idle || !before.isOpen
        case (.state(.initialised), .connected), (.state(.connected), .reconfiguring),
            (.state(.reconfiguring), .connected):
            true
        default: false
        }
    }

    @Test func `no input in any state makes the machine break a promise`() {
        var failures: [String] = []
        _ = Exploration.run { before, input, after, actions in
            var own = before.own
            func require(_ holds: Bool, _ what: String) {
                if holds || failures.count > 20 { return }
                failures.append("\(what): \(input) in \(before) gave \(actions)")
            }
            if case .published(let state) = input, before.phase == .connecting {
                own = .state(state)
            }
            // Where nothing is held, what others wrote is gone on from.
            if case .own(let reading) = input, before.phase == .dormant || before.phase == .idle,
                [.state(.closing), .state(.closed), .state(.initialising)].contains(reading)
            {
                own = reading
            }
            for action in actions {
                switch action {
                case .write(let state):
                    require(!after.isRemoved, "writes where nothing is left")
                    require(own != .state(state), "writes what is there")
                    require(isLegal(own, state, before), "an illegal step")
                    if state == .initialising {
                        require(
                            after.driver == .asking || after.driver == .busy, "opens for nobody")
                    }
                    own = .state(state)
                case .connect:
                    require(after.driver == .busy, "connects no driver")
                    require(after.phase == .connecting, "connects when it is not ready")
                case .established, .reconfigured, .keysChanged, .reconfiguring:
                    require(before.driver == .busy, "tells a driver without a connection")
                case .finish:
                    require(before.driver == .busy, "asks a driver without a connection")
                    require(after.phase == .finishing, "finishes, and goes on")
                case .force:
                    require(before.phase == .finishing, "forces without having asked")
                case .release(let outcome):
                    require(after.driver == .releasing, "releases nobody")
                    if outcome == .released {
                        require(
                            after.backendHoldsNothing || before.outcome == .released,
                            "releases what the backend holds")
                    }
                case .end:
                    require(
                        [.idle, .asking, .gone].contains(after.driver),
                        "ends while the driver holds something")
                    require(actions.last == action, "goes on after its end")
                case .look:
                    require(
                        after.phase == .closing || after.phase == .closed, "looks without need")
                case .report:
                    require(!before.isRemoved, "reports where nothing is left")
                }
            }
            require(own == after.own, "believes in a state that nobody wrote")
            let holds = after.driver == .busy || after.driver == .quiet
            require(
                !holds || ![.idle, .waiting, .dormant, .ended].contains(after.phase),
                "has forgotten a connection")
            require(actions.filter { $0 == .connect }.count <= 1, "connects twice")
        }
        #expect(failures == [])
    }

    @Test func `the same reading twice changes nothing`() {
        var failures: [String] = []
        _ = Exploration.run { _, input, after, _ in
            // While it closes, a second reading is newer than what was written after the first.
            guard case .backend = input, failures.count < 20,
                after.phase != .closing, after.phase != .closed
            else { return }
            var again = after
            let actions = again.handle(input).filter { $0 != .keysChanged }
            if !actions.isEmpty || again != after {
                failures.append("\(input) in \(after) gave \(actions)")
            }
        }
        #expect(failures == [])
    }

    @Test func `a time-out is never asked for twice`() {
        let states = Exploration.run()
        let stuck = states.filter { state in
            guard let wait = state.wait else { return false }
            var machine = state
            _ = machine.handle(.timedOut)
            return machine.wait == wait && machine.phaseCount == state.phaseCount
        }
        #expect(stuck.isEmpty, "\(stuck.first!)")
    }

    @Test func `every phase is reached and every reaction is had`() {
        let states = Exploration.run()
        #expect(Set(states.map(\.phase)) == Set(Machine.Phase.allCases))
        #expect(Set(states.map(\.driver)) == Set(Machine.DriverStage.allCases))
        #expect(Set(states.compactMap(\.wait)) == Set(Machine.Wait.allCases))
    }

    /// A driver that does what it is asked, and time that passes.
    private func respond(_ machine: inout Machine) {
        switch machine.driver {
        case .busy, .quiet: _ = machine.handle(.quiesced)
        case .releasing: _ = machine.handle(.left)
        default: break
        }
        _ = machine.handle(.timedOut)
    }

    @Test func `from every state a detach comes to an end`() {
        let stuck = Exploration.run().filter { state in
            var machine = state
            _ = machine.handle(.detach)
            for _ in 0..<16 { respond(&machine) }
            return machine.phase != .ended
        }
        #expect(stuck.isEmpty, "\(stuck.first!)")
    }

    @Test func `from every state a removal comes to an end`() {
        let stuck = Exploration.run().filter { state in
            var machine = state
            machine.own = .state(.unknown)
            _ = machine.handle(.own(.absent))
            for _ in 0..<12 { respond(&machine) }
            return machine.phase != .ended
        }
        #expect(stuck.isEmpty, "\(stuck.first!)")
    }

    @Test func `a driver that never finishes does not hold up the toolstack`() {
        let stuck = Exploration.run().filter { state in
            guard !state.isRemoved, state.phase != .ended, state.driver == .busy else {
                return false
            }
            var machine = state
            _ = machine.handle(.backend(.state(.closing), isOnline: false))
            for _ in 0..<6 { _ = machine.handle(.timedOut) }
            return machine.own != .state(.closed)
        }
        #expect(stuck.isEmpty, "\(stuck.first!)")
    }
}
