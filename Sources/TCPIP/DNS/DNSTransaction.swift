// One question on its way: which server, from which port, and since when.

/// A question that was sent and is not answered.
struct DNSTransaction: Sendable {
    let question: DNSQuestion
    var id: UInt16 = 0
    /// Where an answer is waited for; 0 while none is.
    var port: UInt16 = 0
    /// Index of the server that was asked last.
    var server: Int
    /// Times that a server's patience was waited for, or an answer was of no use.
    var tryCount = 0
    var deadline = NetworkTime.never
    var usesExtension = true
    /// Wrong datagrams at this port.
    var forgeryCount = 0
    var evasionCount = 0
    var portRefusalCount = 0
    /// Bits of servers that need not be asked again.
    var failedServers: UInt8 = 0
    var lastError = DNSError.timedOut
}

extension DNSResolver {
    /// How often another port is tried when one cannot be had.
    private static var portRefusalLimit: Int { 8 }

    /// Sends a question unless it is on its way already.
    mutating func ask(
        _ question: DNSQuestion, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) -> DNSError? {
        guard !configuration.servers.isEmpty else { return .noServers }
        guard !transactions.contains(where: { $0.question == question }) else {
            statistics.shared += 1
            return nil
        }
        guard transactions.count < configuration.transactionLimit else { return .busy }
        transactions.append(DNSTransaction(question: question, server: preferredServer))
        send(transactions.count - 1, &random)
        startPatience(transactions.count - 1, now)
        return nil
    }

    /// Sends from a new port with a new id, so that what was guessed so far is of no use
    /// (RFC 5452 section 9.2). Does not renew the patience with the server.
    mutating func send(_ index: Int, _ random: inout some RandomNumberGenerator) {
        closePort(at: index)
        transactions[index].port = freePort(&random)
        transactions[index].id = UInt16.random(in: 0...UInt16.max, using: &random)
        transactions[index].forgeryCount = 0
        let server = transactions[index].server
        transactions[index].usesExtension = plainServers >> UInt8(server) & 1 == 0
        let transaction = transactions[index]
        let message = DNSMessage(
            id: transaction.id, asking: transaction.question,
            withExtension: transaction.usesExtension)
        actions.append(.open(port: transaction.port))
        actions.append(
            .send(
                message.wireBytes, fromPort: transaction.port,
                to: configuration.servers[server]))
        statistics.sent += 1
    }

    /// Stops listening for an answer, if that was done.
    mutating func closePort(at index: Int) {
        guard transactions[index].port != 0 else { return }
        actions.append(.close(port: transactions[index].port))
        transactions[index].port = 0
    }

    private mutating func startPatience(_ index: Int, _ now: NetworkTime) {
        let round = transactions[index].tryCount / configuration.servers.count
        let span = configuration.timeoutMilliseconds << UInt64(min(round, 8))
        transactions[index].deadline = now.advanced(byMilliseconds: span)
    }

    /// A port that no other transaction has, and that is not excluded: each with the same
    /// probability, since one behind a range that is left out would else be guessed. Ends after
    /// draws of which half or more succeed; then the last one is refused where it is opened.
    private func freePort(_ random: inout some RandomNumberGenerator) -> UInt16 {
        var port = UInt16.random(in: DNSConfiguration.ports, using: &random)
        for _ in 0..<128 {
            let isTaken = transactions.contains { $0.port == port }
            let isExcluded = configuration.excludedPorts.contains { $0.contains(port) }
            if !isTaken, !isExcluded { return port }
            port = UInt16.random(in: DNSConfiguration.ports, using: &random)
        }
        return port
    }

    /// A socket could not be opened at the port of an action.
    public mutating func portRefused(
        _ port: UInt16, at now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        guard port != 0, let index = transactions.firstIndex(where: { $0.port == port }) else {
            return
        }
        transactions[index].port = 0
        transactions[index].portRefusalCount += 1
        guard transactions[index].portRefusalCount <= Self.portRefusalLimit else {
            end(index, .failure(.noPort), now, &random)
            return
        }
        send(index, &random)
    }

    /// Gives up on servers whose time is over.
    public mutating func advance(
        to now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        // Ends: each round moves a deadline into the future or ends a transaction; an end may
        // start others, whose deadlines lie ahead.
        while let index = transactions.firstIndex(where: { $0.deadline <= now }) {
            statistics.timeouts += 1
            transactions[index].lastError = .timedOut
            tryNext(index, now, &random)
        }
    }

    /// Asks the next server that may still answer, or ends the transaction.
    mutating func tryNext(
        _ index: Int, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        let serverCount = configuration.servers.count
        transactions[index].tryCount += 1
        let transaction = transactions[index]
        let isOver = transaction.tryCount >= configuration.roundCount * serverCount
        let next = (1...serverCount).map { (transaction.server + $0) % serverCount }
            .first { transaction.failedServers >> UInt8($0) & 1 == 0 }
        guard !isOver, let next else {
            end(index, .failure(transaction.lastError), now, &random)
            return
        }
        transactions[index].server = next
        send(index, &random)
        startPatience(index, now)
    }

    /// Ends a transaction and tells who waits.
    mutating func end(
        _ index: Int, _ result: Result<DNSFinding, DNSError>, _ now: NetworkTime,
        _ random: inout some RandomNumberGenerator
    ) {
        closePort(at: index)
        let transaction = transactions.remove(at: index)
        deliver(result, to: transaction.question, now, &random)
    }

    /// Takes over what the network offers now. Questions on their way are asked anew, and
    /// nothing that other servers said is believed any longer.
    public mutating func reconfigure(
        _ configuration: DNSConfiguration, at now: NetworkTime,
        using random: inout some RandomNumberGenerator
    ) {
        let limit = self.configuration.cacheLimit
        self.configuration = configuration
        self.configuration.cacheLimit = limit
        trim()
        cache.removeAll()
        (preferredServer, plainServers) = (0, 0)
        let questions = transactions.map { $0.question }
        for index in transactions.indices { closePort(at: index) }
        transactions = []
        for question in questions {
            guard let error = ask(question, now, &random) else { continue }
            deliver(.failure(error), to: question, now, &random)
        }
    }
}
