import CXen
import ModelXen
import Testing
import XenTypes

@testable import Events

struct TwoLevelEventsTests {
    let page = SharedPage()

    @Test func `Every port is masked at first, so nothing is delivered`() {
        var events = page.makeEvents()
        page.xen.raise(port(5))
        #expect(events.isMasked(port(0)) && events.isMasked(port(4095)))
        #expect(!events.hasPending)
        #expect(events.next() == nil)
        #expect(events.isPending(port(5)))
    }

    @Test func `An event is taken once, and its bit is clear when it is`() {
        var events = page.makeEvents()
        events.unmask(port(70))
        page.xen.raise(port(70))
        #expect(events.hasPending)
        #expect(events.next() == port(70))
        #expect(!events.isPending(port(70)))
        #expect(events.next() == nil)
        #expect(!events.hasPending)
    }

    @Test func `Each of the 4096 ports is delivered once`() {
        var events = page.makeEvents()
        for number in 0..<TwoLevelEvents.portCount {
            events.unmask(port(number))
            page.xen.raise(port(number))
        }
        #expect(events.drain() == Array(0..<4096))
        #expect(!events.hasPending)
    }

    @Test func `Unmasking announces an event that came while the port was masked`() {
        var events = page.makeEvents()
        page.xen.raise(port(1000))
        #expect(!events.hasPending)
        events.unmask(port(1000))
        // Seen by Xen as well, so that a block in Xen would end at once.
        #expect(page.vcpu.pointee.evtchn_upcall_pending == 1)
        #expect(page.vcpu.pointee.evtchn_pending_sel == 1 << 15)
        #expect(events.next() == port(1000))
    }

    @Test func `Unmasking a quiet port announces nothing`() {
        let events = page.makeEvents()
        events.unmask(port(1000))
        #expect(page.vcpu.pointee.evtchn_upcall_pending == 0)
        #expect(page.vcpu.pointee.evtchn_pending_sel == 0)
    }

    @Test func `A masked port keeps its event and does not hide its neighbours`() {
        var events = page.makeEvents()
        for number: UInt32 in [8, 9, 10] { events.unmask(port(number)) }
        for number: UInt32 in [8, 9, 10] { page.xen.raise(port(number)) }
        events.mask(port(9))
        #expect(events.drain() == [8, 10])
        #expect(events.isPending(port(9)))
        events.unmask(port(9))
        #expect(events.drain() == [9])
    }

    @Test(arguments: [UInt32(0), 1, 63, 64, 2000, 4094, 4095])
    func `A port that is raised without end waits for all the others`(noisy: UInt32) {
        var events = page.makeEvents()
        let others: [UInt32] = [2, 62, 65, 1999, 2001, 4093]
        for number in others + [noisy] { events.unmask(port(number)) }
        page.xen.raise(port(noisy))
        #expect(events.next() == port(noisy))
        for number in others + [noisy] { page.xen.raise(port(number)) }
        var taken: Set<UInt32> = []
        for _ in 0..<(others.count + 2) {
            guard let port = events.next() else { break }
            taken.insert(port.rawValue)
            page.xen.raise(Port(rawValue: noisy))
        }
        #expect(taken == Set(others + [noisy]))
    }

    @Test func `A noisy word does not hide a word that becomes ready later`() {
        var events = page.makeEvents()
        events.unmask(port(3))
        events.unmask(port(700))
        page.xen.raise(port(3))
        var turns: [UInt32] = []
        for turn in 0..<6 {
            if turn == 2 { page.xen.raise(port(700)) }
            if let port = events.next() { turns.append(port.rawValue) }
            page.xen.raise(port(3))
        }
        #expect(turns.contains(700))
    }

    @Test func `A selector bit without a pending event is dropped`() {
        var events = page.makeEvents()
        page.vcpu.pointee.evtchn_pending_sel = .max
        page.vcpu.pointee.evtchn_upcall_pending = 1
        #expect(events.next() == nil)
        #expect(!events.hasPending)
    }

    @Test func `Ports that the ABI cannot name are masked, quiet and harmless`() {
        let events = page.makeEvents()
        events.unmask(port(4096))
        events.mask(port(.max))
        events.clear(port(4096))
        #expect(events.isMasked(port(4096)))
        #expect(!events.isPending(port(4096)))
    }

    @Test func `What a drain leaves behind is announced to Xen`() {
        var events = page.makeEvents()
        for number: UInt32 in [1, 2] {
            events.unmask(port(number))
            page.xen.raise(port(number))
        }
        _ = events.next()
        #expect(page.vcpu.pointee.evtchn_upcall_pending == 0)
        events.announceRemainder()
        #expect(page.vcpu.pointee.evtchn_upcall_pending == 1)
        #expect(events.drain() == [2])
    }

    @Test func `No event is lost between a raising thread and one that masks and unmasks`() async {
        let xen = page.xen
        var events = page.makeEvents()
        let ports: [UInt32] = [1, 64, 65, 4095]
        for number in ports { events.unmask(port(number)) }
        var turns = 0
        var taken = 0
        await race {
            let number = ports[turns % ports.count]
            turns += 1
            events.mask(port(number))
            if events.next() != nil { taken += 1 }
            events.unmask(port(number))
        } against: { round in
            xen.raise(port(ports[round % 4]))
        }
        taken += events.drain().count
        // Whatever was raised was announced: no bit is left that nobody would look at.
        #expect(taken >= ports.count)
        for number in ports { #expect(!events.isPending(port(number))) }
    }
}
