// A resolver, its servers and the wire between, in a time of their own.

import SeededRandomness
import TCPIP

/// What servers say: a zone by name and type.
struct ModelZone {
    enum Entry {
        case records([DNSRecord])
        case alias(String, ttl: UInt32)
        case code(DNSResponseCode)
        case silence
        case truncated
    }

    var entries: [DNSQuestion: Entry] = [:]
    /// TTL of the zone's start beside "nothing"; nil for none.
    var negativeTTL: UInt32? = 60

    mutating func add(_ name: String, _ addresses: String..., ttl: UInt32 = 300) {
        for text in addresses {
            guard let address = IPAddress(text), let name = DNSName(name) else { continue }
            let type: DNSRecordType = if case .v4 = address { .a } else { .aaaa }
            let record = DNSRecord(name, ttl: ttl, .address(address))
            if case .records(let others) = entries[DNSQuestion(name, type)] {
                entries[DNSQuestion(name, type)] = .records(others + [record])
            } else {
                entries[DNSQuestion(name, type)] = .records([record])
            }
        }
    }

    mutating func set(_ name: String, _ entry: Entry) {
        guard let name = DNSName(name) else { return }
        for type in [DNSRecordType.a, .aaaa, .ptr] { entries[DNSQuestion(name, type)] = entry }
    }

    /// The answer of a recursive server that follows aliases within the zone.
    func answer(_ query: DNSMessage) -> DNSMessage? {
        guard var question = query.questions.first else { return nil }
        var reply = DNSMessage(id: query.id)
        (reply.isResponse, reply.offersRecursion) = (true, true)
        reply.questions = query.questions
        for _ in 0..<20 {
            switch entries[question] {
            case .records(let records):
                reply.answers += records
                return reply
            case .alias(let target, let ttl):
                guard let name = DNSName(target) else { return nil }
                reply.answers.append(DNSRecord(question.name, ttl: ttl, .alias(name)))
                question = DNSQuestion(name, question.type)
            case .code(let code):
                reply.code = code
                return reply
            case .silence: return nil
            case .truncated:
                reply.isTruncated = true
                return reply
            case nil:
                let exists = entries.keys.contains { $0.name == question.name }
                reply.code = exists ? .success : .noSuchName
                if let negativeTTL {
                    let start = DNSRecord.Content.zoneStart(negativeTTL: negativeTTL)
                    reply.authorities.append(DNSRecord(.root, ttl: 3600, start))
                }
                return reply
            }
        }
        return reply
    }
}

final class DNSScene {
    struct Datagram {
        var due: NetworkTime
        var bytes: [UInt8]
        var source: Endpoint
        var port: UInt16
    }

    var resolver: DNSResolver
    var random: SeededGenerator
    var wireRandom: SeededGenerator
    var now = NetworkTime(nanoseconds: 1_000)
    var openPorts: Set<UInt16> = []
    var onTheWay: [Datagram] = []
    var results: [DNSLookupID: Result<DNSAnswer, DNSError>] = [:]
    /// Each query that reached a server.
    var queries: [(message: DNSMessage, server: Endpoint, port: UInt16)] = []
    var zone = ModelZone()
    var faults: [String] = []

    var lossProbability = 0.0
    var duplicationProbability = 0.0
    var delayMilliseconds: ClosedRange<UInt64> = 1...1
    var refusesPort: (UInt16) -> Bool = { _ in false }
    /// What a server says; by default what the zone says.
    var answer: ((DNSMessage, Endpoint, ModelZone) -> DNSMessage?)?

    static let server = Endpoint(IPv4Address(192, 0, 2, 53), port: 53)
    static let other = Endpoint(IPv4Address(192, 0, 2, 54), port: 53)

    init(
        seed: UInt64 = 1, servers: [Endpoint] = [DNSScene.server], search: [String] = [],
        change: (inout DNSConfiguration) -> Void = { _ in }
    ) {
        var configuration = DNSConfiguration(
            servers: servers, search: search.compactMap { DNSName($0) })
        change(&configuration)
        resolver = DNSResolver(configuration)
        random = SeededGenerator(seed: seed)
        wireRandom = SeededGenerator(seed: ~seed)
    }

    func resolve(_ name: String, _ versions: DNSVersions = .v4) -> DNSLookupID {
        let id = resolver.resolve(name, versions: versions, at: now, using: &random)
        perform()
        return id
    }

    /// Starts, runs to the end, and gives the result.
    func find(
        _ name: String, _ versions: DNSVersions = .v4
    ) -> Result<DNSAnswer, DNSError>? {
        let id = resolve(name, versions)
        run()
        return results[id]
    }

    func addresses(_ name: String, _ versions: DNSVersions = .v4) -> [String]? {
        guard case .success(let answer) = find(name, versions) else { return nil }
        return answer.addresses.map(\.description)
    }

    func error(_ name: String, _ versions: DNSVersions = .v4) -> DNSError? {
        guard case .failure(let error) = find(name, versions) else { return nil }
        return error
    }

    func perform() {
        for action in resolver.takeActions() {
            switch action {
            case .open(let port):
                if refusesPort(port) {
                    resolver.portRefused(port, at: now, using: &random)
                    perform()
                } else if !openPorts.insert(port).inserted {
                    faults.append("port \(port) opened twice")
                }
            case .send(let bytes, let port, let server):
                if openPorts.contains(port) { send(bytes, port, server) }
            case .close(let port): openPorts.remove(port)
            case .finish(let id, let result):
                if results.updateValue(result, forKey: id) != nil {
                    faults.append("a lookup ended twice")
                }
            }
        }
    }

    private func send(_ bytes: [UInt8], _ port: UInt16, _ server: Endpoint) {
        guard !wireRandom.happens(withProbability: lossProbability) else { return }
        guard let query = try? DNSMessage(reading: bytes.span.bytes) else {
            faults.append("a query that cannot be read")
            return
        }
        queries.append((query, server, port))
        let reply = answer.map { $0(query, server, zone) } ?? zone.answer(query)
        guard let reply else { return }
        let copies = wireRandom.happens(withProbability: duplicationProbability) ? 2 : 1
        for _ in 0..<copies where !wireRandom.happens(withProbability: lossProbability) {
            let delay = UInt64.random(in: delayMilliseconds, using: &wireRandom)
            onTheWay.append(
                Datagram(
                    due: now.advanced(byMilliseconds: delay), bytes: reply.wireBytes,
                    source: server, port: port))
        }
    }

    /// Until nothing is pending; at most so many steps.
    func run(steps: Int = 10_000) {
        for _ in 0..<steps {
            guard resolver.pendingCount > 0 else { break }
            step()
        }
        if resolver.pendingCount > 0 { faults.append("a lookup did not end") }
    }

    func step() {
        let datagram = onTheWay.min { $0.due < $1.due }
        let next = min(resolver.deadline, datagram?.due ?? .never)
        guard next != .never else { return }
        now = max(now, next)
        if let index = onTheWay.firstIndex(where: { $0.due <= now }) {
            let arrived = onTheWay.remove(at: index)
            if openPorts.contains(arrived.port) { deliver(arrived) }
        }
        resolver.advance(to: now, using: &random)
        perform()
    }

    func deliver(_ datagram: Datagram) {
        resolver.receive(
            datagram.bytes.span.bytes, from: datagram.source, port: datagram.port, at: now,
            using: &random)
        perform()
    }

    /// What must hold when all is over.
    func expectNothingLeft() -> [String] {
        var left = faults
        if !openPorts.isEmpty { left.append("\(openPorts.count) ports are open") }
        if resolver.transactionCount != 0 { left.append("questions are on their way") }
        if resolver.pendingCount != 0 { left.append("lookups are pending") }
        return left
    }
}
