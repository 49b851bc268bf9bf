import Events
import Hypercalls
import ModelXen
import Testing

struct EventChannelExitTests {
    @Test func `A channel that is dropped instead of closed traps`() async {
        await #expect(processExitsWith: .failure) {
            let guest = Guest(hasFIFO: true)
            _ = try guest.channels.allocateUnbound(for: .control)
        }
    }

    @Test func `A guest that closes what it opened ends well`() async {
        await #expect(processExitsWith: .success) {
            let guest = Guest(hasFIFO: true)
            let channel = try guest.channels.allocateUnbound(for: .control)
            guest.channels.close(channel)
        }
    }
}
