import CXen
import Events
import Hypercalls
import ModelXen
import Testing

struct EventChannelsFailureTests {
    @Test func `A port whose word has no page is closed again`() throws {
        let guest = Guest(hasFIFO: true, pageLimit: 2)
        let box = ChannelBox()
        for _ in 1..<1024 { box.append(try guest.channels.allocateUnbound(for: backend)) }
        #expect(throws: EventChannels.BindError.outOfPages) {
            keep(try guest.channels.allocateUnbound(for: backend))
        }
        #expect(guest.xen.openPorts().count == 1023)
        box.closeAll(on: guest.channels)
    }

    @Test func `A refused array page is asked for again at the next bind`() throws {
        let guest = Guest(hasFIFO: true) { $0.refuse(expandCall, with: .outOfMemory, times: 2) }
        #expect(guest.channels.interface == .fifo)
        #expect(throws: EventChannels.BindError.refused(.outOfMemory)) {
            keep(try guest.channels.allocateUnbound(for: backend))
        }
        #expect(guest.xen.openPorts().isEmpty)
        let channel = try guest.channels.allocateUnbound(for: backend)
        guest.channels.close(channel)
    }

    @Test func `Xen's refusal to bind is passed on`() throws {
        let guest = Guest(hasFIFO: true)
        let timer = try guest.channels.bind(virtualInterrupt: VIRQ_TIMER)
        #expect(throws: EventChannels.BindError.refused(.alreadyExists)) {
            keep(try guest.channels.bind(virtualInterrupt: VIRQ_TIMER))
        }
        #expect(throws: EventChannels.BindError.refused(.invalidArgument)) {
            keep(try guest.channels.bindInterdomain(to: Port(rawValue: 9), of: backend))
        }
        guest.channels.close(timer)
    }

    @Test(arguments: [true, false])
    func `A close that Xen refuses is counted, and the port is silent`(hasFIFO: Bool) throws {
        let guest = Guest(hasFIFO: hasFIFO) { $0.refuse(closeCall, with: .invalidArgument) }
        let log = Log()
        let channel = try guest.channels.allocateUnbound(for: backend)
        try guest.channels.setHandler(of: channel) { log.ports.append($0) }
        let port = channel.port
        guest.channels.close(channel)
        guest.xen.raise(port)
        guest.channels.dispatchPending()
        #expect(guest.channels.refusedCloseCount == 1)
        #expect(guest.channels.spuriousEventCount == 0)
        #expect(log.ports.isEmpty)
    }

    @Test(arguments: [true, false])
    func `A storm on one port neither holds the caller nor starves the others`(
        hasFIFO: Bool
    ) throws {
        let guest = Guest(hasFIFO: hasFIFO)
        let (noisyLog, quietLog) = (Log(), Log())
        let xen = guest.xen
        let noisy = try guest.channels.allocateUnbound(for: backend)
        let quiet = try guest.channels.allocateUnbound(for: backend)
        try guest.channels.setHandler(of: noisy) {
            noisyLog.ports.append($0)
            xen.raise($0)
        }
        try guest.channels.setHandler(of: quiet) { quietLog.ports.append($0) }
        xen.raise(noisy.port)
        #expect(guest.channels.dispatchPending(limit: 50) == 50)
        #expect(noisyLog.ports.count == 50)
        // What is left is announced, so neither we nor Xen would block on it.
        #expect(guest.channels.hasPending == true)
        #expect(xen.vcpuInfo.pointee.evtchn_upcall_pending == 1)
        xen.raise(quiet.port)
        #expect(guest.channels.dispatchPending(limit: 3) == 3)
        #expect(quietLog.ports.count == 1)
        guest.channels.close(noisy)
        guest.channels.close(quiet)
    }

    @Test(arguments: [true, false])
    func `Events that nobody handles are counted, and masked when they go on`(
        hasFIFO: Bool
    ) throws {
        let guest = Guest(hasFIFO: hasFIFO)
        let channel = try guest.channels.allocateUnbound(for: backend)
        try guest.channels.unmask(channel)
        for _ in 0..<20 {
            guest.xen.raise(channel.port)
            guest.channels.dispatchPending()
        }
        #expect(guest.channels.spuriousEventCount == 8)
        #expect(guest.channels.hasPending == false)
        guest.channels.close(channel)
    }

    @Test(arguments: [true, false])
    func `An event while masked costs one delivery after the unmask, not none`(
        hasFIFO: Bool
    ) throws {
        let guest = Guest(hasFIFO: hasFIFO)
        let log = Log()
        let channel = try guest.channels.allocateUnbound(for: backend)
        try guest.channels.setHandler(of: channel) { log.ports.append($0) }
        guest.channels.mask(channel)
        guest.xen.raise(channel.port)
        guest.xen.raise(channel.port)
        guest.channels.dispatchPending()
        #expect(log.ports.isEmpty)
        try guest.channels.unmask(channel)
        guest.channels.dispatchPending()
        #expect(log.ports.count == 1)
        guest.channels.close(channel)
    }

    @Test(arguments: [true, false])
    func `A handler may close its own channel and open another`(hasFIFO: Bool) throws {
        let xen = ModelXen()
        xen.configuration.hasFIFO = hasFIFO
        let world = World(xen)
        let channel = try world.channels.allocateUnbound(for: backend)
        let first = channel.port
        try world.channels.setHandler(of: channel) { [unowned world] _ in
            world.box.closeAll(on: world.channels)
            if let next = try? world.channels.allocateUnbound(for: backend) {
                world.box.append(next)
            }
        }
        world.box.append(channel)
        xen.raise(first)
        #expect(world.channels.dispatchPending() == 1)
        #expect(xen.openPorts().count == 1)
        world.box.closeAll(on: world.channels)
        #expect(xen.openPorts().isEmpty)
    }

    @Test func `Priorities order delivery under FIFO and are ignored under 2-level`() throws {
        for hasFIFO in [true, false] {
            let guest = Guest(hasFIFO: hasFIFO)
            let log = Log()
            let box = ChannelBox()
            for priority: UInt32 in [12, 7, 0] {
                let channel = try guest.channels.allocateUnbound(for: backend)
                try guest.channels.setPriority(priority, of: channel)
                try guest.channels.setHandler(of: channel) { log.ports.append($0) }
                guest.xen.raise(channel.port)
                box.append(channel)
            }
            guest.channels.dispatchPending()
            #expect(log.ports.map(\.rawValue) == (hasFIFO ? [3, 2, 1] : [1, 2, 3]))
            box.closeAll(on: guest.channels)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `Whatever Xen refuses, no port stays open and no event is lost`(seed: UInt64) throws {
        let guest = Guest(hasFIFO: seed % 2 == 0, seed: seed)
        let operations = [EVTCHNOP_alloc_unbound, EVTCHNOP_expand_array, EVTCHNOP_unmask]
        let box = ChannelBox()
        let heard = Log()
        var raised: Set<Port> = []
        for _ in 0..<200 {
            guest.xen.removeFaults()
            for operation in operations {
                let call = ModelXen.Call(__HYPERVISOR_event_channel_op, operation)
                guest.xen.refuse(call, with: .outOfMemory, probability: 0.3)
            }
            guard let channel = try? guest.channels.allocateUnbound(for: backend) else { continue }
            guest.xen.raise(channel.port)
            raised.insert(channel.port)
            // Refused or not, asking once more is all it takes.
            try? guest.channels.setHandler(of: channel) { heard.ports.append($0) }
            guest.xen.removeFaults()
            try guest.channels.unmask(channel)
            box.append(channel)
        }
        while guest.channels.hasPending { guest.channels.dispatchPending(limit: 7) }
        #expect(Set(heard.ports) == raised)
        box.closeAll(on: guest.channels)
        #expect(guest.xen.openPorts().isEmpty)
    }
}
