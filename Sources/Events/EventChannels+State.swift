// What EventChannels keeps behind its pointer. No function here calls a handler.

import CXen
import Hypercalls

extension EventChannels {
    /// One port's row. Rows exist up to the highest port bound; the ABI bounds their number.
    struct Row {
        var handler: Handler?
        var spuriousCount: UInt8 = 0
    }

    struct State {
        /// Events without a handler after which a port is masked: one or two are a race with a
        /// close, more are a storm.
        static var spuriousLimit: UInt8 { 8 }

        let hypervisor: Hypervisor
        var twoLevel: TwoLevelEvents
        var fifo: FIFOEvents?
        let takePage: () -> EventPage?
        var unusedPages: [EventPage] = []
        var rows: [Row] = []
        var spuriousEventCount = 0
        var refusedCloseCount = 0

        init(
            hypervisor: Hypervisor, twoLevel: TwoLevelEvents, takePage: @escaping () -> EventPage?
        ) {
            self.hypervisor = hypervisor
            self.twoLevel = twoLevel
            self.takePage = takePage
        }
    }
}

// The FIFO ABI: its pages.
extension EventChannels.State {
    /// Switches to the FIFO ABI, or leaves everything as it was.
    ///
    /// Both pages are in hand before Xen is asked: there is no way back that keeps the ports
    /// which the toolstack made.
    mutating func tryFIFO(vcpuInfo: UnsafeMutablePointer<vcpu_info>) {
        guard let control = takePage() else { return }
        guard let firstPage = takePage() else {
            unusedPages = [control]
            return
        }
        control.start.initializeMemory(as: UInt8.self, repeating: 0, count: Page.byteCount)
        do throws(XenError) {
            // The number of link bits is not looked at: no fewer than 17 were ever returned, and
            // a link is checked against the array.
            _ = try hypervisor.initializeFIFO(
                controlFrame: control.frame, offset: 0, vcpu: .boot)
        } catch {
            unusedPages = [control, firstPage]
            return
        }
        fifo = FIFOEvents(controlBlock: control.start, vcpuInfo: vcpuInfo)
        // A refusal shows at the first bind, which asks for the page again.
        unusedPages = [firstPage]
        try? growArray()
    }

    /// Makes sure that the ABI in use can name `port`, and that the port has a row.
    mutating func makeRoom(for port: Port) throws(EventChannels.BindError) {
        guard port.rawValue != 0, port.rawValue < portCountLimit else { throw .notAPort(port) }
        // At most 128 turns: the whole array.
        while let count = fifo?.portCount, count <= port.rawValue {
            try growArray()
        }
        let missing = Int(port.rawValue) + 1 - rows.count
        if missing > 0 {
            rows.append(contentsOf: repeatElement(EventChannels.Row(), count: missing))
        }
        rows[Int(port.rawValue)] = EventChannels.Row()
    }

    private var portCountLimit: UInt32 {
        fifo == nil ? TwoLevelEvents.portCount : FIFOEvents.portCountLimit
    }

    private mutating func growArray() throws(EventChannels.BindError) {
        guard let page = unusedPages.popLast() ?? takePage() else { throw .outOfPages }
        FIFOEvents.prepare(page: page.start)
        do throws(XenError) {
            // Xen sets events again that came for these ports before they had words.
            try hypervisor.expandEventArray(with: page.frame)
        } catch {
            unusedPages.append(page)
            throw .refused(error)
        }
        fifo?.append(page: page.start)
    }
}

// The rows.
extension EventChannels.State {
    mutating func setHandler(of port: Port, to handler: @escaping EventChannels.Handler) {
        rows[Int(port.rawValue)] = EventChannels.Row(handler: handler)
    }

    mutating func forget(_ port: Port) {
        mask(port)
        rows[Int(port.rawValue)] = EventChannels.Row()
    }

    /// The handler for an event that was taken; without one, the event is counted, and its port
    /// masked if that goes on.
    mutating func handlerOrCount(of port: Port) -> EventChannels.Handler? {
        let index = Int(port.rawValue)
        if index < rows.count, let handler = rows[index].handler { return handler }
        spuriousEventCount += 1
        guard index < rows.count else {
            mask(port)
            return nil
        }
        rows[index].spuriousCount += 1
        if rows[index].spuriousCount == Self.spuriousLimit {
            mask(port)
            rows[index].spuriousCount = 0
        }
        return nil
    }
}

// The two ABIs as one.
extension EventChannels.State {
    var hasPending: Bool {
        fifo?.hasPending ?? twoLevel.hasPending
    }

    mutating func next() -> Port? {
        fifo == nil ? twoLevel.next() : fifo?.next()
    }

    func mask(_ port: Port) {
        if let fifo { fifo.mask(port) } else { twoLevel.mask(port) }
    }

    func unmask(_ port: Port) throws(XenError) {
        guard let fifo else { return twoLevel.unmask(port) }
        if !fifo.unmask(port) { try hypervisor.unmask(port) }
    }

    func announceRemainder() {
        if let fifo { fifo.announceRemainder() } else { twoLevel.announceRemainder() }
    }
}
