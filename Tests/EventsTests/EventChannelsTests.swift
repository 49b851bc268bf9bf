import CXen
import Events
import Hypercalls
import ModelXen
import Testing

struct EventChannelsTests {
    @Test func `FIFO is chosen where Xen has it, and 2-level where not`() {
        #expect(Guest(hasFIFO: true).channels.interface == .fifo)
        let old = Guest(hasFIFO: false)
        #expect(old.channels.interface == .twoLevel)
        #expect(old.channels.unusedPages.count == 2)
    }

    @Test(arguments: [XenError.notImplemented, .notSupported, .invalidArgument, .outOfMemory])
    func `Any refusal of the control block falls back to 2-level, which works`(
        error: XenError
    ) throws {
        let guest = Guest(hasFIFO: true) { $0.refuse(initializeCall, with: error) }
        #expect(guest.channels.interface == .twoLevel)
        try expectDelivery(on: guest)
    }

    @Test(arguments: [0, 1])
    func `Without two pages Xen is not even asked for FIFO`(pageLimit: Int) throws {
        let guest = Guest(hasFIFO: true, pageLimit: pageLimit)
        #expect(guest.xen.count(of: initializeCall) == 0)
        #expect(guest.channels.unusedPages.count == pageLimit)
        try expectDelivery(on: guest)
    }

    @Test(arguments: [true, false])
    func `An event reaches its handler`(hasFIFO: Bool) throws {
        try expectDelivery(on: Guest(hasFIFO: hasFIFO))
    }

    private func expectDelivery(on guest: borrowing Guest) throws {
        let log = Log()
        let channel = try guest.channels.allocateUnbound(for: backend)
        let peer = try guest.xen.bindPeer(backend, to: channel.port)
        try guest.channels.setHandler(of: channel) { log.ports.append($0) }
        #expect(guest.channels.hasPending == false)
        try guest.xen.send(from: backend, peer)
        try guest.xen.send(from: backend, peer)
        #expect(guest.channels.hasPending == true)
        #expect(guest.channels.dispatchPending() == 1)
        #expect(log.ports == [channel.port])
        #expect(guest.channels.hasPending == false)
        try guest.channels.send(channel)
        #expect(guest.xen.takeEvents(of: backend) == [peer])
        guest.channels.close(channel)
        #expect(guest.xen.openPorts().isEmpty)
    }

    @Test(arguments: [true, false])
    func `Draining a hundred events takes no hypercall`(hasFIFO: Bool) throws {
        let guest = Guest(hasFIFO: hasFIFO)
        let log = Log()
        var ports: [Port] = []
        for _ in 0..<100 {
            let channel = try guest.channels.allocateUnbound(for: backend)
            try guest.channels.setHandler(of: channel) { log.ports.append($0) }
            ports.append(channel.port)
            keep(channel)
        }
        for port in ports { guest.xen.raise(port) }
        let before = guest.xen.hypercallCount
        #expect(guest.channels.dispatchPending() == 100)
        #expect(guest.xen.hypercallCount == before)
        #expect(log.ports == ports)
    }

    @Test(arguments: [true, false])
    func `Four thousand channels are opened, heard and closed`(hasFIFO: Bool) throws {
        let guest = Guest(hasFIFO: hasFIFO)
        let log = Log()
        let box = ChannelBox()
        for _ in 0..<4000 {
            let channel = try guest.channels.allocateUnbound(for: backend)
            try guest.channels.setHandler(of: channel) { log.ports.append($0) }
            guest.xen.raise(channel.port)
            box.append(channel)
        }
        while guest.channels.hasPending { guest.channels.dispatchPending() }
        #expect(Set(log.ports).count == 4000)
        #expect(guest.xen.count(of: expandCall) == (hasFIFO ? 4 : 0))
        box.closeAll(on: guest.channels)
        #expect(guest.xen.openPorts().isEmpty)
    }

    @Test(arguments: [true, false])
    func `An event of a port that the toolstack made is kept until it has a handler`(
        hasFIFO: Bool
    ) throws {
        let xen = ModelXen()
        xen.configuration.hasFIFO = hasFIFO
        let port = try xen.allocateGuestPort(for: .control)
        let peer = try xen.bindPeer(.control, to: port)
        try xen.send(from: .control, peer)
        let channels = EventChannels(
            hypervisor: xen.hypervisor, sharedInfo: xen.sharedInfo, vcpuInfo: xen.vcpuInfo
        ) {
            let page = xen.makePage()
            return EventPage(start: page.start, frame: page.frame)
        }
        let log = Log()
        let console = try channels.adopt(port)
        channels.dispatchPending()
        #expect(log.ports.isEmpty)
        try channels.setHandler(of: console) { log.ports.append($0) }
        channels.dispatchPending()
        #expect(log.ports == [port])
        channels.close(console)
    }

    @Test func `A port that no ABI can have is not adopted`() {
        let guest = Guest(hasFIFO: false)
        for number: UInt32 in [0, 4096, .max] {
            #expect(throws: EventChannels.BindError.notAPort(Port(rawValue: number))) {
                keep(try guest.channels.adopt(Port(rawValue: number)))
            }
        }
    }
}
