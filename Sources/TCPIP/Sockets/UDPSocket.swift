// UDP for applications.

import _Concurrency

/// Why nothing was received.
public enum ReceiveError: Error, Equatable, Sendable {
    /// The socket is closed, or the network has ended.
    case closed
    /// The task was cancelled.
    case cancelled
    /// The deadline has passed.
    case deadlineExceeded
    /// ICMP has said this of the connected peer; told once.
    case refused(ICMPError)
}

/// A datagram that was copied out of its packet.
public struct Datagram: Equatable, Sendable {
    /// Its bytes.
    public let bytes: [UInt8]
    /// Who has sent it.
    public let sender: Endpoint
}

/// A socket of UDP, of either version or both.
///
/// Sending never waits; what has no room is refused as ``SendError/full``. Datagrams that come are
/// kept up to a bound, beyond which they are dropped and counted. One task may wait for them at a
/// time. The socket is closed with its last reference, or by ``close()``.
public final class UDPSocket: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let network: Network
    /// Names the socket to the core.
    public let id: SocketID

    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - address: nil: any of both versions.
    ///   - port: 0: one that is free.
    public init(
        _ network: Network, address: IPAddress? = nil, port: UInt16 = 0,
        options: UDPOptions = UDPOptions()
    ) throws(BindError) {
        self.network = network
        id = try network.stack.openUDP(at: address, port: port, options: options)
    }

    deinit { close() }

    /// Closes the socket, and ends a wait for it.
    public func close() {
        network.stack.close(id)
        let slot = Int(id.slot)
        if network.listeners[slot]?.id == id { network.listeners[slot] = nil }
        if network.waiters[slot]?.id == id { network.resume(slot, with: .closed) }
    }

    /// Where it is.
    public var localEndpoint: Endpoint? { network.stack.localEndpoint(of: id) }
    /// Datagrams that it had no room for.
    public var dropCount: UInt64 { network.stack.dropCount(of: id) }

    /// From now on it has one peer: it hears nobody else, and of errors on the way there.
    public func connect(to endpoint: Endpoint) throws(SendError) {
        try network.stack.connect(id, to: endpoint, at: network.clock.now())
        network.settle()
    }

    /// Sends a datagram; to the peer, where no endpoint is given.
    public func send(_ bytes: RawSpan, to endpoint: Endpoint? = nil) throws(SendError) {
        defer { network.settle() }
        try network.stack.send(bytes, from: id, to: endpoint, at: network.clock.now())
    }

    /// Sends a datagram; to the peer, where no endpoint is given.
    public func send(_ bytes: [UInt8], to endpoint: Endpoint? = nil) throws(SendError) {
        try send(bytes.span.bytes, to: endpoint)
    }

    /// Sends datagrams of one size, one after the other in `bytes`, and tells the device once. The
    /// last one may be shorter.
    ///
    /// - Returns: the bytes sent; less than there are when there was no more room.
    public func sendBatch(
        _ bytes: RawSpan, each byteCount: Int, to endpoint: Endpoint? = nil
    ) throws(SendError) -> Int {
        precondition(byteCount > 0, "datagrams of no size")
        defer { network.settle() }
        let now = network.clock.now()
        var done = 0
        while done < bytes.byteCount {
            let end = Swift.min(done + byteCount, bytes.byteCount)
            do throws(SendError) {
                try network.stack.send(
                    bytes.extracting(done..<end), from: id, to: endpoint, at: now)
            } catch {
                guard error == .full, done > 0 else { throw error }
                return done
            }
            done = end
        }
        return done
    }

    /// Sends a datagram, and waits for room where there is none.
    public func sendWaiting(
        _ bytes: [UInt8], to endpoint: Endpoint? = nil
    ) async throws(SendError) {
        while true {
            do throws(SendError) {
                return try send(bytes, to: endpoint)
            } catch {
                guard error == .full, !Task.isCancelled else { throw error }
            }
            await network.waitForRoom()
        }
    }

    /// Takes the next datagram without waiting. What the target has no room for is lost.
    ///
    /// - Returns: bytes written, and who has sent them; nil when there is none.
    public func tryReceive(
        into target: UnsafeMutableRawBufferPointer
    ) -> (count: Int, sender: Endpoint)? {
        guard let datagram = network.stack.takeDatagram(id) else { return nil }
        let count = datagram.packet.copyBytes(from: 0, to: target)
        return (count, datagram.sender)
    }

    /// Waits for a datagram, and copies it. What the target has no room for is lost.
    ///
    /// - Parameter deadline: nil: waits for ever.
    /// - Returns: bytes written, and who has sent them.
    public func receive(
        into target: UnsafeMutableRawBufferPointer, until deadline: NetworkTime? = nil
    ) async throws(ReceiveError) -> (count: Int, sender: Endpoint) {
        while true {
            if let received = tryReceive(into: target) { return received }
            try await wait(until: deadline)
        }
    }

    /// Waits for datagrams, and gives each that is there to `body` where it lies; no copy is made,
    /// unless it came in parts.
    ///
    /// - Parameter limit: datagrams at most.
    /// - Returns: how many there were; at least 1.
    public func receiveBatch(
        atMost limit: Int = 256, until deadline: NetworkTime? = nil,
        _ body: (RawSpan, Endpoint) -> Void
    ) async throws(ReceiveError) -> Int {
        while true {
            var count = 0
            while count < limit, let datagram = network.stack.takeDatagram(id) {
                let sender = datagram.sender
                if datagram.packet.fragmentCount == 1 {
                    body(datagram.packet.bytes, sender)
                } else {
                    body(datagram.copiedBytes.span.bytes, sender)
                }
                count += 1
            }
            if count > 0 { return count }
            try await wait(until: deadline)
        }
    }

    /// Waits for a datagram.
    public func receive(until deadline: NetworkTime? = nil) async throws(ReceiveError) -> Datagram {
        while true {
            if let datagram = network.stack.takeDatagram(id) {
                return Datagram(bytes: datagram.copiedBytes, sender: datagram.sender)
            }
            try await wait(until: deadline)
        }
    }

    private func wait(until deadline: NetworkTime?) async throws(ReceiveError) {
        if let error = network.stack.takeError(of: id) { throw .refused(error) }
        guard network.stack.localEndpoint(of: id) != nil else { throw .closed }
        switch await network.wait(for: id, until: deadline ?? .never) {
        case .ready: return
        case .closed: throw .closed
        case .cancelled: throw .cancelled
        case .expired: throw .deadlineExceeded
        }
    }
}

extension ReceivedDatagram {
    /// Its bytes, copied.
    public var copiedBytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = packet.copyBytes(from: 0, to: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

/// `for await datagram in socket`: datagrams until the socket is closed or the task cancelled.
/// Errors of ICMP are passed over.
extension UDPSocket: AsyncSequence {
    /// A datagram, copied out.
    public typealias Element = Datagram
    /// It ends, and never fails.
    public typealias Failure = Never

    /// The reader.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// A datagram, copied out.
        public typealias Element = Datagram
        /// It ends, and never fails.
        public typealias Failure = Never

        let socket: UDPSocket

        /// The next datagram; nil at the end.
        public mutating func next() async -> Datagram? { await socket.next() }

        /// The next datagram, on whatever actor the caller is.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Datagram? {
            await socket.next()
        }
    }

    /// The one reader.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(socket: self) }

    private func next() async -> Datagram? {
        while true {
            do throws(ReceiveError) {
                return try await receive()
            } catch {
                guard case .refused = error else { return nil }
            }
        }
    }
}
