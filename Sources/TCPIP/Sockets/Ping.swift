// Asking whether somebody is there.

import _Concurrency

/// Why a ping has no answer.
public enum PingError: Error, Equatable, Sendable {
    /// It could not be sent.
    case send(SendError)
    /// Somebody has said that it cannot be.
    case refused(ICMPError, from: IPAddress)
    /// Nobody has said anything by the deadline, or the task was cancelled, or the network ended.
    case noAnswer
}

/// An answer to a ping.
public struct PingReply: Equatable, Sendable {
    /// Who has answered.
    public let responder: IPAddress
    /// How long it took.
    public let nanoseconds: UInt64
    /// Bytes that came back.
    public let byteCount: Int
    /// Whether they were those that were sent.
    public let isIntact: Bool
}

extension Network {
    /// All of a network's pings have one identifier; the sequence tells them apart.
    static var echoIdentifier: UInt16 { 0x4150 }

    /// Sends an echo request, and waits for the answer.
    ///
    /// - Parameters:
    ///   - byteCount: bytes to be sent along, 65,507 at most; what is too long for the path goes
    ///     in fragments.
    ///   - interface: for addresses of a link, which.
    public func ping(
        _ address: IPAddress, byteCount: Int = 56, through interface: InterfaceID? = nil,
        timeoutMilliseconds: UInt64 = 1000
    ) async throws(PingError) -> PingReply {
        nextEchoSequence &+= 1
        let sequence = nextEchoSequence
        let start = clock.now()
        let deadline = start.advanced(byMilliseconds: timeoutMilliseconds)
        do throws(SendError) {
            try stack.sendEcho(
                to: address, through: interface, identifier: Self.echoIdentifier,
                sequence: sequence, byteCount: byteCount, at: start)
        } catch {
            throw .send(error)
        }
        let outcome = await waitForEcho(sequence, until: deadline)
        switch outcome {
        case .reply(let responder, let isIntact, let byteCount):
            return PingReply(
                responder: responder, nanoseconds: clock.now().nanoseconds(since: start),
                byteCount: byteCount, isIntact: isIntact)
        case .error(let error, let responder): throw .refused(error, from: responder)
        case nil: throw .noAnswer
        }
    }

    private func waitForEcho(
        _ sequence: UInt16, until deadline: NetworkTime
    ) async -> EchoOutcome? {
        await withTaskCancellationHandler {
            await withUnsafeContinuation {
                (continuation: UnsafeContinuation<EchoOutcome?, Never>) in
                if Task.isCancelled { return continuation.resume(returning: nil) }
                echoWaiters.append(
                    EchoRequest(
                        sequence: sequence, continuation: continuation, deadline: deadline))
                noteDeadline(deadline)
                // Only now: from ourselves the answer is there already.
                settle()
            }
        } onCancel: {
            stack.forgetEcho(identifier: Self.echoIdentifier, sequence: sequence)
            finishEcho(sequence, nil)
        }
    }

    func resumeEcho(_ identifier: UInt16, _ sequence: UInt16, _ outcome: EchoOutcome) {
        guard identifier == Self.echoIdentifier else { return }
        finishEcho(sequence, outcome)
    }

    private func finishEcho(_ sequence: UInt16, _ outcome: EchoOutcome?) {
        guard let place = echoWaiters.firstIndex(where: { $0.sequence == sequence }) else { return }
        echoWaiters.remove(at: place).continuation.resume(returning: outcome)
    }
}
