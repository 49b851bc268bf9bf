// What works on a network by itself: it is told of time, of datagrams and of events where they
// happen, and needs no task of its own.

import _Concurrency

/// A part of a ``Network`` that goes on without a task: a resolver, a client of DHCP.
///
/// Called on the network's executor, never from within a call of the stack.
protocol NetworkService: AnyObject {
    /// When ``advance(to:)`` has something to do.
    var deadline: NetworkTime { get }
    /// Does what is due.
    func advance(to now: NetworkTime)
    /// Something has happened.
    func handle(_ event: StackEvent)
    /// An interface is about to be taken away, with all that it has; its number will be another's.
    func interfaceLeaves(_ id: InterfaceID)
    /// The network ends.
    func networkEnds()
}

/// A task that waits until an interface has an address.
struct AddressWaiter {
    let number: UInt64
    let interface: InterfaceID
    let version: AddressVersion
    let continuation: UnsafeContinuation<WaitOutcome, Never>
    let deadline: NetworkTime
}

/// Which addresses are waited for.
@frozen
public enum AddressVersion: Sendable {
    /// One of IPv4.
    case v4
    /// One of IPv6 that holds beyond the link.
    case v6
    /// Either.
    case any
}

/// Why a wait for an address came to nothing.
public enum AddressWaitError: Error, Equatable, Sendable {
    /// The deadline has passed.
    case deadlineExceeded
    /// The task was cancelled.
    case cancelled
    /// The interface is gone, or the network has ended.
    case closed
}

extension Network {
    /// From now on a service is told of everything.
    func add(_ service: any NetworkService) {
        services.append(service)
        noteDeadline(service.deadline)
    }

    /// A service is told of nothing any more.
    func remove(_ service: any NetworkService) { services.removeAll { $0 === service } }

    /// Calls `body` whenever a socket has something; it must take all that there is. In place of
    /// tasks that wait.
    func listen(to socket: UDPSocket, _ body: @escaping () -> Void) {
        let slot = Int(socket.id.slot)
        listeners[slot] = SocketListener(id: socket.id, body: body)
        if stack.hasSomething(socket.id) { body() }
    }

    /// Nobody listens to a socket any more.
    func stopListening(to socket: UDPSocket) {
        let slot = Int(socket.id.slot)
        if listeners[slot]?.id == socket.id { listeners[slot] = nil }
    }

    /// The first moment at which a service has something to do.
    var nearestService: NetworkTime {
        var nearest = NetworkTime.never
        for service in services { nearest = min(nearest, service.deadline) }
        for waiter in addressWaiters { nearest = min(nearest, waiter.deadline) }
        return nearest
    }

    func advanceServices(_ now: NetworkTime) {
        for service in services where service.deadline <= now { service.advance(to: now) }
        // From the end: a place that is taken out changes none before it.
        for place in addressWaiters.indices.reversed() where addressWaiters[place].deadline <= now {
            addressWaiters.remove(at: place).continuation.resume(returning: .expired)
        }
    }

    func tellServices(_ event: StackEvent) {
        for service in services { service.handle(event) }
        switch event {
        case .addressesChanged(let id): resumeAddressWaiters { $0 == id }
        case .overflow: resumeAddressWaiters { _ in true }
        default: break
        }
    }

    func endServices(of id: InterfaceID) {
        for service in services { service.interfaceLeaves(id) }
        for place in addressWaiters.indices.reversed()
        where addressWaiters[place].interface == id {
            addressWaiters.remove(at: place).continuation.resume(returning: .closed)
        }
    }

    func endServices() {
        let ending = services
        services.removeAll()
        for service in ending { service.networkEnds() }
        while let waiter = addressWaiters.popLast() {
            waiter.continuation.resume(returning: .closed)
        }
    }

    /// Waits until an interface has an address that can be used.
    ///
    /// - Parameter deadline: nil: waits for ever.
    public func waitForAddress(
        on id: InterfaceID, version: AddressVersion = .any, until deadline: NetworkTime? = nil
    ) async throws(AddressWaitError) {
        nextRoomWaiter += 1
        let number = nextRoomWaiter
        let limit = deadline ?? .never
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation {
                (continuation: UnsafeContinuation<WaitOutcome, Never>) in
                if Task.isCancelled { return continuation.resume(returning: .cancelled) }
                guard stack.interfaceIDs.contains(id) else {
                    return continuation.resume(returning: .closed)
                }
                if hasAddress(id, version) { return continuation.resume(returning: .ready) }
                addressWaiters.append(
                    AddressWaiter(
                        number: number, interface: id, version: version,
                        continuation: continuation, deadline: limit))
                noteDeadline(limit)
            }
        } onCancel: {
            guard let place = addressWaiters.firstIndex(where: { $0.number == number }) else {
                return
            }
            addressWaiters.remove(at: place).continuation.resume(returning: .cancelled)
        }
        switch outcome {
        case .ready: return
        case .closed: throw .closed
        case .cancelled: throw .cancelled
        case .expired: throw .deadlineExceeded
        }
    }

    private func resumeAddressWaiters(_ concerns: (InterfaceID) -> Bool) {
        for place in addressWaiters.indices.reversed() {
            let waiter = addressWaiters[place]
            guard concerns(waiter.interface), hasAddress(waiter.interface, waiter.version) else {
                continue
            }
            addressWaiters.remove(at: place).continuation.resume(returning: .ready)
        }
    }

    private func hasAddress(_ id: InterfaceID, _ version: AddressVersion) -> Bool {
        stack.isUp(id)
            && stack.addresses(of: id).contains { record in
                guard record.state == .preferred else { return false }
                return switch record.address {
                case .v4: version != .v6
                case .v6(let address): version != .v4 && !address.isLinkLocal
                }
            }
    }
}

/// Who is called when a socket has something.
struct SocketListener {
    let id: SocketID
    let body: () -> Void
}

/// Random numbers of a network, for what takes a generator.
struct NetworkRandom: RandomNumberGenerator {
    let source: () -> UInt64

    mutating func next() -> UInt64 { source() }
}
