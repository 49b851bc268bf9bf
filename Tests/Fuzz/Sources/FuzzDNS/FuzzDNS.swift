// Feeds the reader of messages with any bytes, and a resolver with servers that say anything.

import InputReading

@testable import TCPIP

/// What libFuzzer calls with each input: the first byte says what the others are for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    if first % 4 == 0 {
        read(rest)
    } else {
        var play = Play(rest)
        play.run()
    }
    return 0
}

private func read(_ bytes: [UInt8]) {
    guard let message = try? DNSMessage(reading: bytes.span.bytes) else { return }
    let records = message.answers + message.authorities + message.additionals
    precondition(records.count * 11 <= bytes.count, "records out of nothing")
    for record in records {
        precondition(record.name.wireBytes.count <= DNSName.byteLimit, "a name has a limit")
        precondition(record.ttl <= 0x7FFF_FFFF, "a time has a limit")
    }
    // What was understood is written and understood again.
    let written = message.wireBytes
    guard written.count <= DNSMessage.byteLimit, !message.hasForeignClass else { return }
    guard let again = try? DNSMessage(reading: written.span.bytes) else {
        preconditionFailure("cannot be read again")
    }
    precondition(again.questions == message.questions, "other questions")
    precondition(again.answers.count == message.answers.count, "other answers")
}

/// One resolver, and steps that the input chooses.
private struct Play {
    private var input: InputReader
    private var resolver: DNSResolver
    private var random = PlainRandom()
    private var now = NetworkTime(nanoseconds: 1)
    private var open: Set<UInt16> = []
    private var last: (id: UInt16, port: UInt16, question: DNSQuestion, server: Endpoint)?
    private var pending: Set<DNSLookupID> = []
    private var ended: Set<DNSLookupID> = []
    private var begun: [DNSLookupID] = []
    private static let names = ["a", "b.example", "c.d.example", "localhost", "x.invalid", "1.2.3"]

    init(_ bytes: [UInt8]) {
        input = InputReader(bytes)
        let servers = [
            Endpoint(IPv4Address(10, 0, 0, 1), port: 53), Endpoint(.loopback, port: 53),
        ]
        resolver = DNSResolver(Self.configuration(servers))
    }

    private static func configuration(_ servers: [Endpoint]) -> DNSConfiguration {
        var configuration = DNSConfiguration(
            servers: servers, search: [DNSName("example") ?? .root])
        configuration.cacheLimit = 8
        configuration.lookupLimit = 12
        configuration.transactionLimit = 6
        return configuration
    }

    mutating func run() {
        var steps = 0
        while !input.isAtEnd, steps < 500 {
            steps += 1
            step(input.byte())
            perform()
            check()
        }
        // Left alone, everything ends.
        for _ in 0..<5_000 where resolver.deadline != .never {
            now = max(now, resolver.deadline)
            resolver.advance(to: now, using: &random)
            perform()
            check()
        }
        precondition(resolver.pendingCount == 0 && open.isEmpty, "something does not end")
        precondition(pending.isEmpty, "a lookup without an end")
    }

    private mutating func step(_ choice: UInt8) {
        switch choice % 8 {
        case 0:
            let name = Self.names[Int(input.byte()) % Self.names.count]
            let id = resolver.resolve(name, at: now, using: &random)
            begun.append(id)
            pending.insert(id)
        case 1, 2: answer()
        case 3: raw()
        case 4:
            now = now.advanced(byMilliseconds: UInt64(input.byte()) * 100)
            resolver.advance(to: now, using: &random)
        case 5:
            if let port = last?.port { resolver.unreachable(port: port, at: now, using: &random) }
        case 6:
            if let id = begun.last { resolver.cancel(id) }
        default:
            if input.byte() % 8 == 0 {
                let next = Self.configuration([Endpoint(.loopback, port: 53)])
                resolver.reconfigure(next, at: now, using: &random)
            } else if let port = last?.port, open.remove(port) != nil {
                resolver.portRefused(port, at: now, using: &random)
            }
        }
    }

    /// A right envelope around content of the input's choice.
    private mutating func answer() {
        guard let last else { return }
        var message = DNSMessage(id: last.id)
        message.isResponse = true
        message.questions = [last.question]
        let flags = input.byte()
        message.code = DNSResponseCode(rawValue: UInt16(flags & 7))
        message.isTruncated = flags & 0x80 != 0
        for _ in 0..<Int(flags >> 3 & 7) {
            let owner = name()
            let ttl = UInt32(input.byte()) << UInt32(input.byte() % 24)
            switch input.byte() % 4 {
            case 0: message.answers.append(DNSRecord(owner, ttl: ttl, .alias(name())))
            case 1:
                let address = IPv4Address(10, 1, 1, input.byte())
                message.answers.append(DNSRecord(owner, ttl: ttl, .address(.v4(address))))
            case 2: message.answers.append(DNSRecord(owner, ttl: ttl, .address(.v6(.loopback))))
            default:
                message.authorities.append(DNSRecord(owner, ttl: ttl, .zoneStart(negativeTTL: ttl)))
            }
        }
        deliver(message.wireBytes, last.server, last.port)
    }

    private mutating func name() -> DNSName {
        let choice = Int(input.byte())
        if choice % 8 == 7, let last { return last.question.name }
        return DNSName(Self.names[choice % Self.names.count]) ?? .root
    }

    /// The bytes themselves, behind an id that may be right.
    private mutating func raw() {
        guard let last else { return }
        let count = Int(input.byte())
        let content = input.take(count)
        var datagram: [UInt8] = []
        datagram.append(wire: last.id)
        deliver(datagram + content, last.server, last.port)
    }

    private mutating func deliver(_ datagram: [UInt8], _ server: Endpoint, _ port: UInt16) {
        resolver.receive(datagram.span.bytes, from: server, port: port, at: now, using: &random)
    }

    private mutating func perform() {
        for action in resolver.takeActions() {
            switch action {
            case .open(let port): precondition(open.insert(port).inserted, "opened twice")
            case .close(let port): precondition(open.remove(port) != nil, "closed twice")
            case .send(let datagram, let port, let server):
                precondition(open.contains(port), "sends from a closed port")
                guard let message = try? DNSMessage(reading: datagram.span.bytes) else {
                    preconditionFailure("sends what cannot be read")
                }
                last = (message.id, port, message.questions[0], server)
            case .finish(let id, _):
                precondition(ended.insert(id).inserted, "ends twice")
                pending.remove(id)
            }
        }
    }

    private func check() {
        precondition(resolver.cachedCount <= 8, "the cache grows")
        precondition(resolver.pendingCount <= 12, "lookups without end")
        precondition(resolver.transactionCount >= open.count, "ports without questions")
    }
}
