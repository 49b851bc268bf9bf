// Tasks that wait for a socket, for room, or for an answer.

import _Concurrency

/// How a wait ended.
enum WaitOutcome: Sendable {
    case ready
    case closed
    case cancelled
    case expired
}

/// The one task that waits for a socket.
struct SocketWaiter {
    let id: SocketID
    let continuation: UnsafeContinuation<WaitOutcome, Never>
    let deadline: NetworkTime
}

/// A task that waits for room in a device's queue.
struct RoomWaiter {
    let number: UInt64
    let continuation: UnsafeContinuation<Void, Never>
}

/// A task that waits for an answer to an echo request.
struct EchoRequest {
    let sequence: UInt16
    let continuation: UnsafeContinuation<EchoOutcome?, Never>
    let deadline: NetworkTime
}

extension Network {
    /// Waits until a socket has something. Only one task may wait for a socket at a time.
    func wait(for id: SocketID, until deadline: NetworkTime) async -> WaitOutcome {
        if stack.hasSomething(id) { return .ready }
        let slot = Int(id.slot)
        return await withTaskCancellationHandler {
            await withUnsafeContinuation {
                (continuation: UnsafeContinuation<WaitOutcome, Never>) in
                if Task.isCancelled { return continuation.resume(returning: .cancelled) }
                if stack.hasSomething(id) { return continuation.resume(returning: .ready) }
                if deadline <= clock.now() { return continuation.resume(returning: .expired) }
                precondition(waiters[slot] == nil, "two tasks wait for one socket")
                waiters[slot] = SocketWaiter(
                    id: id, continuation: continuation, deadline: deadline)
                noteDeadline(deadline)
            }
        } onCancel: {
            if waiters[slot]?.id == id { resume(slot, with: .cancelled) }
        }
    }

    func resume(_ slot: Int, with outcome: WaitOutcome) {
        guard let waiter = waiters[slot] else { return }
        waiters[slot] = nil
        if outcome != .ready { stack.stopAwaiting(waiter.id) }
        waiter.continuation.resume(returning: outcome)
    }

    /// The first deadline of anybody.
    var nearestWaiter: NetworkTime {
        var nearest = NetworkTime.never
        for waiter in waiters {
            if let waiter { nearest = min(nearest, waiter.deadline) }
        }
        for echo in echoWaiters { nearest = min(nearest, echo.deadline) }
        return nearest
    }

    func expireWaiters(_ now: NetworkTime) {
        for slot in waiters.indices {
            if let waiter = waiters[slot], waiter.deadline <= now { resume(slot, with: .expired) }
        }
        // From the end: a place that is taken out changes none before it.
        for place in echoWaiters.indices.reversed() where echoWaiters[place].deadline <= now {
            let echo = echoWaiters.remove(at: place)
            stack.forgetEcho(identifier: Self.echoIdentifier, sequence: echo.sequence)
            echo.continuation.resume(returning: nil)
        }
    }

    /// Waits until a device has room again, or the task is cancelled.
    func waitForRoom() async {
        nextRoomWaiter += 1
        let number = nextRoomWaiter
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                if Task.isCancelled { return continuation.resume() }
                roomWaiters.append(RoomWaiter(number: number, continuation: continuation))
            }
        } onCancel: {
            guard let place = roomWaiters.firstIndex(where: { $0.number == number }) else { return }
            roomWaiters.remove(at: place).continuation.resume()
        }
    }

    func resumeRoomWaiters() {
        let waiting = roomWaiters
        roomWaiters.removeAll(keepingCapacity: true)
        for waiter in waiting { waiter.continuation.resume() }
    }
}
