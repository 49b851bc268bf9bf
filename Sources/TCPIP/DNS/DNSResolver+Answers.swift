// What arrives at a resolver's ports: answers, and what pretends to be one.
//
// Source: RFC 5452 section 4 (what to compare), RFC 2308 section 5, RFC 6891 section 6.2.2.

extension DNSResolver {
    /// A datagram came to the local port `port`.
    ///
    /// It counts only if it is from the server that was asked, to the port it was asked from, with
    /// the id and the question that were sent. Anything else is dropped and counted.
    public mutating func receive(
        _ bytes: RawSpan, from source: Endpoint, port: UInt16, at now: NetworkTime,
        using random: inout some RandomNumberGenerator
    ) {
        guard port != 0, let index = transactions.firstIndex(where: { $0.port == port }) else {
            statistics.dropped += 1
            return
        }
        guard let message = genuine(bytes, from: source, for: transactions[index]) else {
            forgery(at: index, &random)
            return
        }
        statistics.accepted += 1
        accept(message, index, now, &random)
    }

    /// The server cannot be reached from the local port `port`: an ICMP error says so. It is
    /// believed no more than a timeout is: the next server is asked.
    public mutating func unreachable(
        port: UInt16, at now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        guard port != 0, let index = transactions.firstIndex(where: { $0.port == port }) else {
            return
        }
        transactions[index].lastError = .unreachable
        tryNext(index, now, &random)
    }

    private func genuine(
        _ bytes: RawSpan, from source: Endpoint, for transaction: DNSTransaction
    ) -> DNSMessage? {
        let server = configuration.servers[transaction.server]
        guard source.address == server.address, source.port == server.port,
            server.zone == .unspecified || source.zone == server.zone
        else { return nil }
        // The cheap comparison first: a flood of guesses is not read any further.
        guard WireBytes.word16(bytes, at: 0) == transaction.id,
            let message = try? DNSMessage(reading: bytes)
        else { return nil }
        guard message.isResponse, message.opcode == 0, !message.hasForeignClass else {
            return nil
        }
        // A server that cannot read a question may leave it out (RFC 1035 section 4.1.1).
        if message.questions.isEmpty, message.code == .formatError { return message }
        return message.questions == [transaction.question] ? message : nil
    }

    /// Someone guesses, or an answer is late. After some of them the question is asked from
    /// another port, where all guesses are at their beginning again; at last the port is closed,
    /// and nobody is listened to until this server's time is over.
    private mutating func forgery(at index: Int, _ random: inout some RandomNumberGenerator) {
        statistics.dropped += 1
        transactions[index].forgeryCount += 1
        guard transactions[index].forgeryCount >= DNSConfiguration.forgeryLimit else { return }
        guard transactions[index].evasionCount < DNSConfiguration.evasionLimit else {
            closePort(at: index)
            return
        }
        transactions[index].evasionCount += 1
        statistics.evasions += 1
        send(index, &random)
    }

    private mutating func accept(
        _ message: DNSMessage, _ index: Int, _ now: NetworkTime,
        _ random: inout some RandomNumberGenerator
    ) {
        let (server, question) = (transactions[index].server, transactions[index].question)
        switch message.code {
        case .success, .noSuchName: break
        case .formatError, .notImplemented:
            guard transactions[index].usesExtension else { fallthrough }
            // It may not know EDNS: once more without (RFC 6891 section 6.2.2).
            plainServers |= 1 << UInt8(server)
            send(index, &random)
            return
        default:
            transactions[index].lastError = .serverFailed(message.code)
            transactions[index].failedServers |= 1 << UInt8(server)
            tryNext(index, now, &random)
            return
        }
        preferredServer = server
        if message.isTruncated {
            end(index, .failure(.truncated), now, &random)
            return
        }
        guard let (finding, ttl) = Self.finding(in: message, for: question) else {
            end(index, .failure(.tooManyAliases), now, &random)
            return
        }
        cache.keep(finding, of: question, ttl: ttl, at: now)
        end(index, .success(finding), now, &random)
    }

    /// What a message says to its question: only records are looked at that the question's name
    /// leads to by aliases. Nothing else in a message is believed, so nothing else can be planted.
    /// Nil when the aliases are too many.
    private static func finding(
        in message: DNSMessage, for question: DNSQuestion
    ) -> (DNSFinding, ttl: UInt32)? {
        var name = question.name
        var ttl = DNSCache.positiveLimitSeconds
        for aliasCount in 0...DNSConfiguration.aliasLimit {
            let own = message.answers.filter { $0.name == name }
            let records = own.filter { $0.content.type == question.type }
                .prefix(DNSCache.recordLimit)
            if !records.isEmpty {
                ttl = records.reduce(ttl) { min($0, $1.ttl) }
                return (.records(records.map { $0.content }, of: name), ttl)
            }
            guard let alias = own.first(where: { $0.content.type == .cname }),
                case .alias(let target) = alias.content
            else {
                let end = ending(of: message, at: name, aliasCount: aliasCount)
                return (end.finding, min(ttl, end.ttl))
            }
            ttl = min(ttl, alias.ttl)
            name = target
        }
        return nil
    }

    /// Where the aliases end and no records are: nothing, or only so far as the server went.
    private static func ending(
        of message: DNSMessage, at name: DNSName, aliasCount: Int
    ) -> (finding: DNSFinding, ttl: UInt32) {
        let negativeTTL = negativeTTL(in: message, for: name)
        if message.code == .noSuchName {
            // Of an alias it is the target that is missing, which comes to the same (RFC 2308
            // section 2.1).
            return (.noSuchName, negativeTTL ?? 0)
        }
        if aliasCount > 0, negativeTTL == nil {
            return (.alias(name, count: aliasCount), DNSCache.positiveLimitSeconds)
        }
        return (.noRecords, negativeTTL ?? 0)
    }

    /// How long "there is nothing" holds: what the start of the name's own zone says, and not at
    /// all without one (RFC 2308 section 5).
    private static func negativeTTL(in message: DNSMessage, for name: DNSName) -> UInt32? {
        for record in message.authorities where name.isWithin(record.name) {
            if case .zoneStart(let minimum) = record.content {
                return min(minimum, record.ttl)
            }
        }
        return nil
    }
}
