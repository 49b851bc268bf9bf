import Lifecycle
import ModelXen
import Simulation
import Testing

struct ShutdownRequestsTests {
    let guest = SimulatedGuest(ModelXen())
    let requests = ShutdownRequests()

    @Test func `with nobody reading, nobody takes a request`() {
        #expect(!requests.deliver(.powerOff))
        do {
            let reader = ShutdownRequests.Reader(of: requests)
            #expect(requests.deliver(.powerOff))
            _ = reader
        }
        #expect(!requests.deliver(.powerOff))
    }

    @Test func `a reader gets what comes, and the newest of what came before`() throws {
        let requests = requests
        let seen = try guest.run {
            let reader = ShutdownRequests.Reader(of: requests)
            _ = requests.deliver(.powerOff)
            _ = requests.deliver(.reboot)
            var seen = [await reader.next()]
            async let next = reader.next()
            await Task.yield()
            _ = requests.deliver(.halt)
            seen.append(await next)
            return seen
        }
        #expect(seen == [.reboot, .halt])
    }

    @Test func `a cancelled reader gets nothing`() throws {
        let requests = requests
        let task = guest.spawn {
            let reader = ShutdownRequests.Reader(of: requests)
            let request = await reader.next()
            #expect(request == nil)
        }
        guest.settle()
        task.cancel()
        try guest.run { await task.value }
        #expect(!requests.deliver(.powerOff))
    }
}
