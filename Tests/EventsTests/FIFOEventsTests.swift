import CXen
import ModelXen
import SeededRandomness
import Testing
import XenTypes

@testable import Events

final class FIFOPages {
    let vcpu = UnsafeMutablePointer<vcpu_info>.allocate(capacity: 1)
    let control = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
    var array: [UnsafeMutableRawPointer] = []
    let xen: FIFODelivery

    init() {
        vcpu.initialize(to: vcpu_info())
        control.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        xen = FIFODelivery(controlBlock: control, vcpuInfo: vcpu)
    }

    deinit {
        vcpu.deallocate()
        control.deallocate()
        for page in array { page.deallocate() }
    }

    func makeEvents(pageCount: Int = 1) -> FIFOEvents {
        var events = FIFOEvents(controlBlock: control, vcpuInfo: vcpu)
        for _ in 0..<pageCount { grow(&events) }
        return events
    }

    func grow(_ events: inout FIFOEvents) {
        let page = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        array.append(page)
        FIFOEvents.prepare(page: page)
        xen.append(page: page)
        events.append(page: page)
    }

    var block: UnsafeMutablePointer<evtchn_fifo_control_block> {
        control.assumingMemoryBound(to: evtchn_fifo_control_block.self)
    }

    func word(_ port: UInt32) -> UnsafeMutablePointer<UInt32> {
        array[Int(port / 1024)].assumingMemoryBound(to: UInt32.self) + Int(port % 1024)
    }

    /// Makes queue 7 ready with a head of the test's choice.
    func announce(head: UInt32, queue: Int = 7) {
        withUnsafeMutableBytes(of: &block.pointee.head) {
            $0.storeBytes(of: head, toByteOffset: queue * 4, as: UInt32.self)
        }
        block.pointee.ready |= 1 << UInt32(queue)
        vcpu.pointee.evtchn_upcall_pending = 1
    }
}

struct FIFOEventsTests {
    let pages = FIFOPages()

    @Test func `Events come in the order in which they were raised`() {
        var events = pages.makeEvents()
        for number: UInt32 in [9, 3, 700, 1, 42] {
            #expect(events.unmask(port(number)))
            pages.xen.raise(port(number))
        }
        #expect(events.drain() == [9, 3, 700, 1, 42])
        #expect(!events.hasPending)
        for number: UInt32 in [9, 3, 700, 1, 42] { #expect(!pages.xen.isLinked(port(number))) }
    }

    @Test func `All 4096 ports of four pages are delivered once`() {
        var events = pages.makeEvents(pageCount: 4)
        for number in 1..<UInt32(4096) {
            _ = events.unmask(port(number))
            pages.xen.raise(port(number))
            pages.xen.raise(port(number))
        }
        #expect(events.drain() == Array(1..<4096))
    }

    @Test func `The last of the 131072 ports is delivered`() {
        var events = pages.makeEvents(pageCount: 128)
        #expect(events.portCount == FIFOEvents.portCountLimit)
        _ = events.unmask(port(131_071))
        pages.xen.raise(port(131_071))
        #expect(events.next() == port(131_071))
    }

    @Test func `An urgent event overtakes a queue that is being drained`() {
        var events = pages.makeEvents()
        for number in 1...UInt32(6) { _ = events.unmask(port(number)) }
        pages.xen.setPriority(15, of: port(1))
        pages.xen.setPriority(0, of: port(6))
        for number in 1...UInt32(4) { pages.xen.raise(port(number)) }
        #expect(events.next() == port(2))
        pages.xen.raise(port(6))
        #expect(events.drain() == [6, 3, 4, 1])
    }

    @Test func `A port that is raised without end goes to the end of its queue each time`() {
        var events = pages.makeEvents()
        for number in 1...UInt32(3) {
            _ = events.unmask(port(number))
            pages.xen.raise(port(number))
        }
        var taken: [UInt32] = []
        for _ in 0..<6 {
            guard let next = events.next() else { break }
            taken.append(next.rawValue)
            pages.xen.raise(port(1))
        }
        #expect(taken == [1, 2, 3, 1, 1, 1])
    }

    @Test func `An event raised after the last word was taken starts a new queue`() {
        var events = pages.makeEvents()
        _ = events.unmask(port(5))
        for _ in 0..<3 {
            pages.xen.raise(port(5))
            #expect(events.drain() == [5])
        }
    }

    @Test func `A queued port that is masked is passed over, and keeps its event`() {
        var events = pages.makeEvents()
        for number in 1...UInt32(3) {
            _ = events.unmask(port(number))
            pages.xen.raise(port(number))
        }
        events.mask(port(2))
        #expect(events.drain() == [1, 3])
        #expect(events.isPending(port(2)))
        #expect(!pages.xen.isLinked(port(2)))
        // Only Xen can put it back into a queue.
        #expect(!events.unmask(port(2)))
        #expect(events.isMasked(port(2)))
        pages.xen.unmask(port(2))
        #expect(events.drain() == [2])
    }

    @Test func `Unmasking leaves a word alone that Xen is linking, and asks Xen instead`() {
        let events = pages.makeEvents()
        pages.word(8).pointee |= FIFOEvents.busy
        #expect(!events.unmask(port(8)))
        #expect(events.isMasked(port(8)))
        pages.word(8).pointee &= ~FIFOEvents.busy
        #expect(events.unmask(port(8)))
        #expect(!events.isMasked(port(8)))
    }

    @Test func `An event for a port without a word arrives once the array has grown`() {
        var events = pages.makeEvents()
        pages.xen.raise(port(1500))
        #expect(events.next() == nil)
        pages.grow(&events)
        #expect(events.isPending(port(1500)))
        #expect(!events.unmask(port(1500)))
        pages.xen.unmask(port(1500))
        #expect(events.drain() == [1500])
    }

    @Test func `What a drain leaves behind is announced to Xen`() {
        var events = pages.makeEvents()
        for number in 1...UInt32(2) {
            _ = events.unmask(port(number))
            pages.xen.raise(port(number))
        }
        _ = events.next()
        #expect(pages.vcpu.pointee.evtchn_upcall_pending == 0)
        events.announceRemainder()
        #expect(pages.vcpu.pointee.evtchn_upcall_pending == 1)
        #expect(events.drain() == [2])
        events.announceRemainder()
        #expect(pages.vcpu.pointee.evtchn_upcall_pending == 0)
    }

    @Test(arguments: [UInt32(1024), 131_071, 0xFFFF_FFFF])
    func `A head outside the array ends its queue and is counted`(head: UInt32) {
        var events = pages.makeEvents()
        pages.announce(head: head)
        #expect(events.next() == nil)
        #expect(events.brokenLinkCount == 1)
        #expect(!events.hasPending)
    }

    @Test func `A link outside the array ends its queue behind the port that holds it`() {
        var events = pages.makeEvents()
        pages.word(4).pointee = FIFOEvents.pending | FIFOEvents.linked | 5000
        pages.announce(head: 4)
        #expect(events.drain() == [4])
        #expect(events.brokenLinkCount == 1)
        #expect(!events.hasPending)
    }

    @Test func `A circle of links ends`() {
        var events = pages.makeEvents()
        for number in 1...UInt32(4) {
            pages.word(number).pointee =
                FIFOEvents.pending | FIFOEvents.linked | (number % 4 + 1)
        }
        pages.announce(head: 1)
        #expect(events.drain() == [1, 2, 3, 4])
        #expect(!events.hasPending)
    }

    @Test func `A port that links to itself is delivered once`() {
        var events = pages.makeEvents()
        pages.word(4).pointee = FIFOEvents.pending | FIFOEvents.linked | 4
        pages.announce(head: 4)
        #expect(events.drain() == [4])
        #expect(!events.hasPending)
    }

    @Test func `Ready bits beyond the sixteen queues are ignored`() {
        var events = pages.makeEvents()
        pages.block.pointee.ready = 0xFFFF_FFFF
        pages.vcpu.pointee.evtchn_upcall_pending = 1
        #expect(events.next() == nil)
        #expect(!events.hasPending)
    }

    @Test func `Random words and heads neither trap nor hold the drain`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var events = pages.makeEvents(pageCount: 0)
            if let page = pages.array.first {
                events.append(page: page)
            } else {
                pages.grow(&events)
            }
            for number in 0..<UInt32(1024) {
                pages.word(number).pointee = UInt32.random(in: 0...(.max), using: &generator)
            }
            for queue in 0..<16 {
                let head = UInt32.random(in: 0...1100, using: &generator)
                pages.announce(head: head, queue: queue)
            }
            #expect(events.drain().count <= 1024)
            #expect(!events.hasPending)
        }
    }

    @Test func `No event is lost between a raising and a draining thread`() async {
        var events = pages.makeEvents()
        let ports: [UInt32] = [1, 64, 65, 1023]
        for number in ports { _ = events.unmask(port(number)) }
        let xen = pages.xen
        var taken = 0
        await race {
            if events.next() != nil { taken += 1 }
        } against: { round in
            xen.raise(port(ports[round % 4]))
        }
        taken += events.drain().count
        #expect(taken >= ports.count)
        for number in ports {
            #expect(!events.isPending(port(number)))
            #expect(!xen.isLinked(port(number)))
        }
    }
}
