// Every state that a frontend's machine can be in, found by trying everything.

import XenTypes

@testable import XenBus

/// The machine's states, without what only counts.
enum Exploration {
    static let readings: [StateReading] =
        XenbusState.allCases.map { .state($0) } + [.absent, .garbage]

    static let fault = DeviceFault(.invalidArgument, "test")

    static let inputs: [FrontendMachine.Input] =
        readings.flatMap { [.backend($0, isOnline: true), .backend($0, isOnline: false)] }
        + readings.map { .own($0) }
        + [
            .asked, .published(.initialised), .published(.connected), .reconfigured, .quiesced,
            .failed(fault), .left, .detach, .timedOut,
        ]

    /// All that can be reached from any state found at the start. Calls `visit` for each input to
    /// each of them, the first time that it is met.
    static func run(
        visit: (
            _ before: FrontendMachine, _ input: FrontendMachine.Input,
            _ after: FrontendMachine, _ actions: [FrontendMachine.Action]
        ) -> Void = { _, _, _, _ in }
    ) -> Set<FrontendMachine> {
        var open = readings.map { FrontendMachine(found: $0) }
        var seen = Set(open)
        while let machine = open.popLast() {
            for input in inputs {
                var next = machine
                let actions = next.handle(input)
                visit(machine, input, next, actions)
                next.phaseCount = 0
                next.ignoredCount = 0
                if seen.insert(next).inserted { open.append(next) }
            }
        }
        return seen
    }
}
