// Tasks and sockets.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct SocketTests {
    /// Two networks on a cable, whose time is minded while `body` runs.
    private final class Pair: @unchecked Sendable {
        // Unchecked: everything is on one loop.
        let loop = TestLoop()
        let ends: [CableEnd]
        let networks: [Network]
        let interfaces: [InterfaceID]

        init() throws {
            let loop = loop
            ends = (1...2).map { CableEnd(UInt8($0), loop) }
            ends[0].other = ends[1]
            ends[1].other = ends[0]
            networks = ends.enumerated().map { number, end in
                var generator = SeededGenerator(seed: UInt64(number))
                return Network(
                    stack: NetworkStack(pool: end.pages.pool, random: { generator.next() }),
                    clock: loop.clock)
            }
            var interfaces: [InterfaceID] = []
            for (number, network) in networks.enumerated() {
                let id = try network.attach(ends[number])
                interfaces.append(id)
                try network.configure { (stack, now) throws(ConfigurationError) in
                    try stack.addAddress(
                        IPv4Address(10, 0, 0, UInt8(number + 1)), prefixLength: 24, to: id, at: now)
                }
            }
            self.interfaces = interfaces
        }

        func run<Value: Sendable>(_ body: @escaping @Sendable (Pair) async -> Value) -> Value? {
            loop.run {
                await withTaskGroup(of: Void.self) { group in
                    for network in self.networks { group.addTask { await network.run() } }
                    let value = await body(self)
                    for network in self.networks { network.end() }
                    await group.waitForAll()
                    return value
                }
            }
        }
    }

    private static let server = Endpoint(IPv4Address(10, 0, 0, 2), port: 7)

    @Test func `An echo server in two tasks`() throws {
        let pair = try Pair()
        let answers = pair.run { pair -> [[UInt8]]? in
            guard let server = try? UDPSocket(pair.networks[1], port: 7),
                let client = try? UDPSocket(pair.networks[0])
            else { return nil }
            async let serving: Void = {
                for await datagram in server {
                    try? server.send(datagram.bytes.reversed(), to: datagram.sender)
                }
            }()
            var answers: [[UInt8]] = []
            for number in 0..<50 as Range<UInt8> {
                try? client.send([number, 1, 2], to: Self.server)
                if let answer = try? await client.receive() { answers.append(answer.bytes) }
            }
            server.close()
            await serving
            return answers
        }
        #expect(answers == (0..<50 as Range<UInt8>).map { [2, 1, $0] })
        #expect(pair.ends.allSatisfy { $0.pages.pool.availableCount == 256 })
    }

    @Test func `A batch is one wake-up`() throws {
        let pair = try Pair()
        let counts = pair.run { pair -> [Int] in
            guard let server = try? UDPSocket(pair.networks[1], port: 7),
                let client = try? UDPSocket(pair.networks[0])
            else { return [] }
            try? client.send([0], to: Self.server)
            _ = try? await server.receive()
            let bytes = [UInt8](repeating: 3, count: 640)
            _ = try? client.sendBatch(bytes.span.bytes, each: 64, to: Self.server)
            var total = 0
            let count = try? await server.receiveBatch { span, _ in total += span.byteCount }
            return [count ?? 0, total]
        }
        #expect(counts == [10, 640])
    }

    @Test func `Waits end by deadline, by cancellation and by closing, as such`() throws {
        let pair = try Pair()
        let outcome = pair.run { pair -> [ReceiveError?] in
            guard let socket = try? UDPSocket(pair.networks[0], port: 9) else { return [] }
            let wait = { @Sendable (milliseconds: UInt64?) async -> ReceiveError? in
                do throws(ReceiveError) {
                    _ = try await socket.receive(
                        until: milliseconds.map { pair.loop.now.advanced(byMilliseconds: $0) })
                    return nil
                } catch { return error }
            }
            let start = pair.loop.now
            var outcomes = [await wait(250)]
            #expect(pair.loop.now.nanoseconds(since: start) == 250_000_000)
            await withTaskGroup(of: ReceiveError?.self) { group in
                group.addTask { await wait(nil) }
                group.addTask {
                    await pair.loop.sleep(until: pair.loop.now.advanced(byMilliseconds: 10))
                    return nil
                }
                _ = await group.next()
                group.cancelAll()
                for await outcome in group { outcomes.append(outcome) }
            }
            async let closed = wait(nil)
            await pair.loop.sleep(until: pair.loop.now.advanced(byMilliseconds: 10))
            socket.close()
            outcomes.append(await closed)
            outcomes.append(await wait(nil))
            return outcomes
        }
        #expect(outcome == [.deadlineExceeded, .cancelled, .closed, .closed])
    }

    @Test func `A connected socket hears of the closed port`() throws {
        let pair = try Pair()
        let outcome = pair.run { pair -> ReceiveError? in
            guard let socket = try? UDPSocket(pair.networks[0]) else { return nil }
            do throws(ReceiveError) {
                try? socket.connect(to: Self.server)
                try? socket.send([1])
                _ = try await socket.receive()
                return nil
            } catch { return error }
        }
        #expect(outcome == .refused(.portUnreachable))
    }

    @Test func `Who has no room waits for it`() throws {
        let pair = try Pair()
        let sent = pair.run { pair -> Int in
            guard let socket = try? UDPSocket(pair.networks[0]) else { return 0 }
            try? socket.send([1], to: Self.server)
            await pair.loop.sleep(until: pair.loop.now.advanced(byMilliseconds: 100))
            pair.ends[0].room = 0
            var refused = 0
            // The pool has less pages than the queue has places.
            for _ in 0..<600 {
                do throws(SendError) {
                    try socket.send([1], to: Self.server)
                } catch { refused += error == .full ? 1 : 0 }
            }
            async let waiting: Void? = try? socket.sendWaiting([2], to: Self.server)
            await pair.loop.sleep(until: pair.loop.now.advanced(byMilliseconds: 100))
            pair.ends[0].room = .max
            pair.ends[0].tell(.hasRoom)
            _ = await waiting
            return refused
        }
        #expect((sent ?? 0) >= 600 - 256)
        #expect(pair.ends[0].sentCount >= 600 - (sent ?? 0))
    }

    @Test func `Pings are answered, refused, or not answered`() throws {
        let pair = try Pair()
        let outcomes = pair.run { pair -> [Result<PingReply, PingError>] in
            var outcomes: [Result<PingReply, PingError>] = []
            for target in [
                IPAddress.v4(IPv4Address(10, 0, 0, 2)), .v4(.loopback),
                .v4(IPv4Address(10, 0, 0, 3)), .v4(IPv4Address(192, 0, 2, 1)),
            ] {
                do throws(PingError) {
                    let reply = try await pair.networks[0].ping(
                        target, byteCount: 1000, timeoutMilliseconds: 5000)
                    outcomes.append(.success(reply))
                } catch { outcomes.append(.failure(error)) }
            }
            return outcomes
        }
        guard let outcomes, outcomes.count == 4 else {
            Issue.record("it hangs")
            return
        }
        #expect((try? outcomes[0].get())?.isIntact == true)
        #expect((try? outcomes[0].get())?.byteCount == 1000)
        #expect((try? outcomes[1].get())?.responder == .v4(.loopback))
        #expect(
            outcomes[2]
                == .failure(.refused(.hostUnreachable, from: .v4(IPv4Address(10, 0, 0, 1)))))
        #expect(outcomes[3] == .failure(.send(.noRoute)))
    }
}
