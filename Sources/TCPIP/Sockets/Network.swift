// The stack with its devices and the tasks that use it.
//
// Frames are taken in where the device tells of them, and answers are sent there: no task is
// between. A task that waits for a datagram is resumed when that has come; one task minds the time.

import _Concurrency

/// A network: interfaces on devices, and sockets for any number of tasks.
///
/// Everything is on one executor. Somebody must run ``run()``, without which nothing that depends
/// on time happens.
public final class Network: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor, and nothing is held over a suspension.

    /// The core.
    public let stack: NetworkStack
    /// The time it goes by.
    public let clock: NetworkClock
    private var devices: [(any NetworkDevice)?]
    private var joined: [[MACAddress]]
    var waiters: [SocketWaiter?]
    var echoWaiters: [EchoRequest] = []
    var roomWaiters: [RoomWaiter] = []
    var nextEchoSequence: UInt16 = 0
    var nextRoomWaiter: UInt64 = 0
    var services: [any NetworkService] = []
    var listeners: [SocketListener?]
    var addressWaiters: [AddressWaiter] = []
    private let alarm = NetworkAlarm()
    private var unfinished: [InterfaceID] = []
    private var listener: AsyncStream<StackEvent>.Continuation?
    private var isEnded = false

    /// A network with a loopback, and nothing else yet.
    public init(stack: NetworkStack, clock: NetworkClock) {
        self.stack = stack
        self.clock = clock
        devices = Array(repeating: nil, count: stack.limits.interfaces)
        joined = Array(repeating: [], count: stack.limits.interfaces)
        waiters = Array(repeating: nil, count: stack.limits.sockets)
        listeners = Array(repeating: nil, count: stack.limits.sockets)
    }

    /// Adds an interface on a device, brings it up, and starts the device.
    public func attach(
        _ device: any NetworkDevice, behaviour: InterfaceBehaviour = InterfaceBehaviour()
    ) throws(ConfigurationError) -> InterfaceID {
        let id = try stack.addInterface(device.properties, behaviour: behaviour)
        devices[id.index] = device
        device.onEvent = { [unowned(unsafe) self] in self.handle($0, of: id) }
        stack.setEnabled(true, id, at: clock.now())
        device.start()
        settle()
        return id
    }

    /// Takes an interface away; its device is not listened to any more.
    public func detach(_ id: InterfaceID) {
        guard id.index > 0, id.index < devices.count, let device = devices[id.index] else { return }
        endServices(of: id)
        device.onEvent = nil
        stack.removeInterface(id, at: clock.now())
        devices[id.index] = nil
        joined[id.index] = []
        settle()
    }

    /// Brings an interface up or takes it down.
    public func setEnabled(_ isEnabled: Bool, _ id: InterfaceID) {
        stack.setEnabled(isEnabled, id, at: clock.now())
        settle()
    }

    /// Changes something of the core, and does what follows from it.
    public func configure<Result, Failure: Error>(
        _ body: (NetworkStack, NetworkTime) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { settle() }
        return try body(stack, clock.now())
    }

    /// What happens, for one listener; 128 events are kept for it, the latest.
    public func makeEvents() -> AsyncStream<StackEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(128)) { listener = $0 }
    }

    /// Minds the time, until the task is cancelled or ``end()`` is called.
    public func run() async {
        while !isEnded, !Task.isCancelled {
            let now = clock.now()
            var deadline = stack.poll(at: now)
            for id in unfinished { receive(id) }
            expireWaiters(now)
            advanceServices(now)
            settle()
            deadline = min(deadline, stack.deadline, nearestWaiter, nearestService)
            if !unfinished.isEmpty { deadline = now }
            await alarm.wait(until: deadline, by: clock)
        }
    }

    /// Ends ``run()``, and every wait: sockets are closed, devices let go of.
    public func end() {
        isEnded = true
        endServices()
        for id in stack.interfaceIDs where id != .loopback { detach(id) }
        for slot in waiters.indices { resume(slot, with: .closed) }
        while let echo = echoWaiters.popLast() { echo.continuation.resume(returning: nil) }
        resumeRoomWaiters()
        listener?.finish()
        alarm.signal()
    }

    /// A device has told something.
    private func handle(_ event: DeviceEvent, of id: InterfaceID) {
        guard let device = devices[id.index] else { return }
        if event.contains(.departed) {
            detach(id)
            return
        }
        if event.contains(.changed) {
            stack.setProperties(device.properties, of: id, at: clock.now())
        }
        if event.contains(.received) { receive(id) }
        settle()
        if event.contains(.hasRoom) { resumeRoomWaiters() }
    }

    /// Takes in what a device has: 4096 frames at most, and then other things have their turn.
    private func receive(_ id: InterfaceID) {
        unfinished.removeAll { $0 == id }
        guard let device = devices[id.index] else { return }
        var batch = PacketQueue()
        for _ in 0..<16 {
            device.receive(atMost: 256, into: &batch)
            if batch.isEmpty { return }
            stack.receive(&batch, on: id, at: clock.now())
            flush()
        }
        unfinished.append(id)
        alarm.signal()
    }

    /// Hands frames to devices.
    @inline(__always)
    func flush() {
        for index in 1..<devices.count {
            let id = InterfaceID(index: index)
            guard stack.hasFrames(for: id), let device = devices[index] else { continue }
            stack.withTransmitQueue(of: id) { device.transmit(&$0) }
        }
    }

    /// After anything was done: frames go out, tasks go on, and the alarm is set.
    func settle() {
        flush()
        while let id = stack.takeReadySocket() {
            if let listener = listeners[Int(id.slot)], listener.id == id {
                listener.body()
            } else {
                resume(Int(id.slot), with: .ready)
            }
        }
        if stack.hasEvents { tellEvents() }
        if stack.deadline < alarm.scheduled { alarm.signal() }
    }

    private func tellEvents() {
        for event in stack.takeEvents() {
            if case .echoReply(let identifier, let sequence, let outcome) = event {
                resumeEcho(identifier, sequence, outcome)
                continue
            }
            tellServices(event)
            listener?.yield(event)
        }
        for index in 1..<devices.count where devices[index] != nil { updateGroups(index) }
    }

    /// Wakes the task that minds the time for a deadline of somebody who waits.
    func noteDeadline(_ deadline: NetworkTime) {
        if deadline < alarm.scheduled { alarm.signal() }
    }

    /// A device that leaves out groups is told which are wanted.
    func updateGroups(_ index: Int) {
        guard let device = devices[index],
            device.properties.offloads.contains(.multicastFilter)
        else { return }
        let wanted = stack.wantedGroups(on: InterfaceID(index: index))
        for group in wanted where !joined[index].contains(group) {
            device.setWanted(true, group: group)
        }
        for group in joined[index] where !wanted.contains(group) {
            device.setWanted(false, group: group)
        }
        joined[index] = wanted
    }
}
