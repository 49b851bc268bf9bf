// The table of the catalogue's page on devices, as a table: where each state of the backend leads.

import Testing
import XenBus

@Suite struct ReactionTableTests {
    private typealias Phase = FrontendMachine.Phase

    /// The columns: no state, 0 to 8, garbage.
    private let columns: [StateReading] =
        [.absent] + XenbusState.allCases.map { .state($0) } + [.garbage]

    /// Inputs that lead to a phase, from Initialising as the toolstack made it.
    private func machine(in phase: Phase) -> FrontendMachine {
        let ways: [Phase: [FrontendMachine.Input]] = [
            .waiting: [.asked],
            .connecting: [.asked, backend(.initWait)],
            .published: [.asked, backend(.initWait), .published(.initialised)],
            .connected: [
                .asked, backend(.initWait), .published(.initialised), backend(.connected),
            ],
            .reconfiguring: [
                .asked, backend(.initWait), .published(.connected), backend(.connected),
                backend(.reconfiguring), .reconfigured,
            ],
            .closing: [
                .asked, backend(.initWait), .published(.connected), backend(.connected), .quiesced,
            ],
            .closed: [
                .asked, backend(.initWait), .published(.connected), .quiesced, backend(.closing),
            ],
        ]
        var machine = FrontendMachine(found: .state(.initialising))
        for input in ways[phase] ?? [] { _ = machine.handle(input) }
        return machine
    }

    private func backend(_ state: XenbusState) -> FrontendMachine.Input {
        .backend(.state(state), isOnline: true)
    }

    @Test func `every state of the backend leads where the table says`() {
        let f = Phase.finishing
        let table: [(Phase, [Phase])] = [
            (
                .waiting,
                [
                    .waiting, .waiting, .waiting, .connecting, .connecting, .waiting, .closing,
                    .waiting, .waiting, .waiting, .waiting,
                ]
            ),
            (.connecting, [f, f, f, .connecting, .connecting, .connecting, f, f, f, f, f]),
            (.published, [f, f, f, .published, .published, .connected, f, f, f, f, f]),
            (.connected, [f, f, f, f, f, .connected, f, f, .reconfiguring, f, f]),
            (.reconfiguring, [f, f, f, f, f, .connected, f, f, .reconfiguring, .published, f]),
            (
                .closing,
                [
                    .closed, .closed, .closed, .closing, .closing, .closing, .closed,
                    .closed, .closing, .closing, .closing,
                ]
            ),
            (
                .closed,
                [
                    .releasing, .releasing, .releasing, .releasing, .closed, .closed, .closed,
                    .releasing, .closed, .closed, .closed,
                ]
            ),
        ]
        for (phase, row) in table {
            #expect(machine(in: phase).phase == phase)
            for (reading, expected) in zip(columns, row) {
                var machine = machine(in: phase)
                _ = machine.handle(.backend(reading, isOnline: true))
                #expect(machine.phase == expected, "\(reading) in \(phase)")
            }
        }
    }

    @Test func `a backend that breaks the protocol is told of, and one that leaves is not`() {
        for phase in [Phase.connecting, .published, .connected, .reconfiguring] {
            for reading in columns {
                var machine = machine(in: phase)
                let actions = machine.handle(.backend(reading, isOnline: true))
                let reports = actions.contains {
                    if case .report = $0 { true } else { false }
                }
                #expect(reports == actions.contains(.finish(.backendFaulty)), "\(reading)")
            }
        }
    }
}
