// What the guest is made of once it runs: clock, events, console, jobs.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Clock
    import Console
    import Events
    import GuestRuntime
    import Hypercalls
    import Memory
    import XenStore

    /// What a timer does when it is due.
    enum Alarm {
        /// Resumes a sleeping task, which learns that its time has come.
        case sleeper(UnsafeContinuation<Bool, Never>)
        /// Makes a job ready.
        case job(UnownedJob)
        /// Calls something short of the kernel's own.
        case call(() -> Void)
    }

    typealias AlarmToken = TimerQueue<Alarm>.Token

    /// The live parts, each with its own rules; their only owner.
    struct Kernel: ~Copyable {
        let information: BootInformation
        let events: EventChannels
        var clock: SystemClock
        var ready = ReadyQueue()
        var alarms = TimerQueue<Alarm>()
        var console: ConsoleDevice?
        var lineWaiters: [LineWaiter] = []
        var lastWaiterID: UInt64 = 0
        var lastConsoleEvent: UInt64 = 0
        /// Whether printing no longer waits for the console's reader.
        var hasReaderStalled = false
        var random: RandomGenerator?
        /// Made when first used.
        var grants: LiveGrants?
        var store: XenStoreClient?
        var storeChannel: EventChannel?
        /// Whether the store has not been told of requests or room in its ring.
        var owesStoreEvent = false
        var housekeeping: Housekeeping?
        var watchdog: Watchdog?
        /// What drivers want done when the jobs of this turn are.
        var endOfTurn: [() -> Void] = []
        /// Those of them that are being done.
        var endingTurn: [() -> Void] = []

        private let timer: EventChannel
        /// What the timer is set to; 0 when it is not.
        private var armedDeadline: UInt64 = 0

        /// Takes charge of events, timer and console. A refusal here is the end: nothing could
        /// be waited for.
        init(_ information: BootInformation) {
            self.information = information
            let address = UInt(address_of_apus_shared_info())
            guard let shared = UnsafeMutablePointer<shared_info>(bitPattern: address),
                let vcpu = UnsafeMutablePointer<vcpu_info>(bitPattern: address)
            else { preconditionFailure("no shared info page") }
            let hypervisor = Live.hypervisor
            clock = SystemClock(hypervisor: hypervisor, sharedInfo: shared, vcpuInfo: vcpu)
            events = EventChannels(
                hypervisor: hypervisor, sharedInfo: shared, vcpuInfo: vcpu,
                takePage: Self.takeEventPage)
            timer = Self.timerChannel(of: events)
            console = information.console.map { Self.console($0, events) }
        }

        private static func timerChannel(of events: borrowing EventChannels) -> EventChannel {
            do throws(EventChannels.BindError) {
                return try events.bind(virtualInterrupt: VIRQ_TIMER)
            } catch {
                preconditionFailure("Xen refused the timer's event channel")
            }
        }

        private static func console(
            _ given: ToolstackRing, _ events: borrowing EventChannels
        ) -> ConsoleDevice {
            do throws(EventChannels.BindError) {
                let channel = try events.adopt(given.port)
                let page = UnsafeMutablePointer<xencons_interface>(
                    bitPattern: UInt(given.page.address))
                return ConsoleDevice(ring: ConsoleRing(page.unsafelyUnwrapped), channel: channel)
            } catch {
                preconditionFailure("the console's event channel is not one")
            }
        }

        /// Lets events in. Apart from `init`: a handler reaches the kernel by its address.
        mutating func listen() throws(XenError) {
            // The timer fires once, and for a far deadline before its time: set it again.
            try events.setHandler(of: timer) { _ in Live.kernel.pointee.armedDeadline = 0 }
            try console?.listen(on: events) { _ in
                Live.kernel.pointee.console?.pushOutput()
                Live.kernel.pointee.serveLines()
            }
        }

        private static func takeEventPage() -> EventPage? {
            guard let heap = Live.heap, let frame = heap.pointee.allocateFrames(1),
                let start = UnsafeMutableRawPointer(bitPattern: UInt(frame.address))
            else { return nil }
            return EventPage(
                start: start, frame: heap.pointee.source.tables.guestFrame(of: frame))
        }

        /// Has Xen wake the vCPU when the first alarm is due, or the watchdog is to be fed.
        mutating func armTimer() {
            var deadline = alarms.nextDeadline ?? 0
            if let feeding = watchdog?.policy.nextFeeding {
                deadline = deadline == 0 ? feeding : min(deadline, feeding)
            }
            armTimer(at: deadline)
        }

        /// Has the timer fire when a job that starts now is stuck; returns that time.
        mutating func armWatchdog(at now: UInt64) -> UInt64 {
            guard let policy = watchdog?.policy else { return .max }
            armTimer(at: policy.jobDeadline(at: now, armed: armedDeadline))
            return armedDeadline
        }

        /// Gives the timer's events a queue of their own, so that no other keeps them waiting, and
        /// ends those that nobody asked for: they would.
        func favourTimer() {
            try? Live.hypervisor.stopPeriodicTimer(of: .boot)
            // The 2-level ABI has no queues, and refuses; there the upcall's code takes the words.
            try? Live.hypervisor.setPriority(0, of: timer.port)
        }

        private mutating func armTimer(at deadline: UInt64) {
            guard deadline != armedDeadline else { return }
            armedDeadline = deadline
            do throws(XenError) {
                try clock.setTimer(
                    deadline == 0 ? nil : SystemTime(nanoseconds: max(deadline, 1)))
            } catch {
                preconditionFailure("Xen refused to set the timer")
            }
        }

        /// The next alarm whose time has come.
        mutating func nextDueAlarm() -> Alarm? {
            guard let first = alarms.nextDeadline else { return nil }
            let now = clock.now().nanoseconds
            guard first <= now else { return nil }
            return alarms.popDue(at: now)
        }
    }
#endif
