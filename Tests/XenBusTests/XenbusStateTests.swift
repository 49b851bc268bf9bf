// States as text that others wrote.

import CXen
import Testing
import XenBus

@Suite struct XenbusStateTests {
    @Test func `states have the numbers of Xen's header`() {
        let numbers: [XenbusState: Int32] = [
            .unknown: XenbusStateUnknown, .initialising: XenbusStateInitialising,
            .initWait: XenbusStateInitWait, .initialised: XenbusStateInitialised,
            .connected: XenbusStateConnected, .closing: XenbusStateClosing,
            .closed: XenbusStateClosed, .reconfiguring: XenbusStateReconfiguring,
            .reconfigured: XenbusStateReconfigured,
        ]
        #expect(numbers.count == XenbusState.allCases.count)
        for (state, number) in numbers { #expect(Int32(state.rawValue) == number) }
    }

    @Test func `every state is read as it is written`() {
        for state in XenbusState.allCases {
            #expect(XenbusState(parsing: state.text) == state)
            #expect(StateReading(parsing: state.text) == .state(state))
        }
    }

    @Test(arguments: [
        "", " ", "9", "10", "-1", "+1", " 4", "4 ", "04", "4\0", "\0", "4.0", "0x4", "four", "٤",
        "４",
        "44444444444444444444444", "\u{301}4", "4\u{301}", "/", ":",
    ])
    func `anything but one digit of a state is garbage`(text: String) {
        #expect(XenbusState(parsing: text) == nil)
        #expect(StateReading(parsing: text) == .garbage)
    }

    @Test func `no node is no state`() {
        #expect(StateReading(parsing: nil) == .absent)
    }
}
