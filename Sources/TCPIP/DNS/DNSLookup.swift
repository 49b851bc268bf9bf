// Lookups: names to try, and for each a question per type.

/// What a caller wants to know.
struct DNSLookup: Sendable {
    /// One question and what became of it.
    struct Strand: Sendable {
        let type: DNSRecordType
        var question: DNSQuestion
        var aliasCount = 0
        var isWaiting = false
        var outcome: Result<DNSFinding, DNSError>?
    }

    let id: DNSLookupID
    /// Names still to be tried after the present one, the last first.
    var rest: [DNSName]
    var strands: [Strand]
    /// Some name was there, without the records asked for.
    var sawName = false

    /// There is at least one candidate.
    init(id: DNSLookupID, candidates: [DNSName], types: [DNSRecordType]) {
        self.id = id
        rest = candidates.reversed()
        let name = rest.removeLast()
        strands = types.map { Strand(type: $0, question: DNSQuestion(name, $0)) }
    }

    mutating func tryNext() -> Bool {
        guard let name = rest.popLast() else { return false }
        strands = strands.map { Strand(type: $0.type, question: DNSQuestion(name, $0.type)) }
        return true
    }
}

extension DNSResolver {
    /// Goes on with the lookup at `index` as far as what is known leads, and removes it when it
    /// is over.
    mutating func settle(
        _ index: Int, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        // Ends: each round but the last takes a name from the candidates.
        while true {
            for strand in lookups[index].strands.indices {
                settleStrand(strand, of: index, now, &random)
            }
            if lookups[index].strands.contains(where: { $0.outcome == nil }) { return }
            if let result = conclude(lookups[index].strands, &lookups[index].sawName) {
                finishLookup(index, result)
                return
            }
            if !lookups[index].tryNext() {
                let error: DNSError = lookups[index].sawName ? .noRecords : .noSuchName
                finishLookup(index, .failure(error))
                return
            }
        }
    }

    private mutating func finishLookup(_ index: Int, _ result: Result<DNSAnswer, DNSError>) {
        actions.append(.finish(lookups.remove(at: index).id, result))
    }

    private mutating func settleStrand(
        _ strand: Int, of index: Int, _ now: NetworkTime,
        _ random: inout some RandomNumberGenerator
    ) {
        // Ends: aliases are counted, and everything else returns.
        while true {
            let current = lookups[index].strands[strand]
            guard current.outcome == nil, !current.isWaiting else { return }
            guard current.aliasCount <= DNSConfiguration.aliasLimit else {
                lookups[index].strands[strand].outcome = .failure(.tooManyAliases)
                return
            }
            if let finding = knownFinding(current.question, now) {
                statistics.known += 1
                take(finding, strand: strand, of: index)
            } else if let error = ask(current.question, now, &random) {
                lookups[index].strands[strand].outcome = .failure(error)
            } else {
                lookups[index].strands[strand].isWaiting = true
            }
        }
    }

    private func knownFinding(_ question: DNSQuestion, _ now: NetworkTime) -> DNSFinding? {
        configuration.hosts.finding(question) ?? cache.finding(question, at: now)
    }

    /// Gives a finding to one strand.
    private mutating func take(_ finding: DNSFinding, strand: Int, of index: Int) {
        let type = lookups[index].strands[strand].type
        lookups[index].strands[strand].isWaiting = false
        if case .alias(let name, let count) = finding {
            lookups[index].strands[strand].aliasCount += count
            lookups[index].strands[strand].question = DNSQuestion(name, type)
        } else {
            lookups[index].strands[strand].outcome = .success(finding)
        }
    }

    /// Gives the end of a transaction to all who wait for it.
    mutating func deliver(
        _ result: Result<DNSFinding, DNSError>, to question: DNSQuestion, _ now: NetworkTime,
        _ random: inout some RandomNumberGenerator
    ) {
        var concerned: [DNSLookupID] = []
        for index in lookups.indices {
            for strand in lookups[index].strands.indices {
                let current = lookups[index].strands[strand]
                guard current.isWaiting, current.question == question else { continue }
                concerned.append(lookups[index].id)
                switch result {
                case .success(let finding): take(finding, strand: strand, of: index)
                case .failure(let error):
                    lookups[index].strands[strand].isWaiting = false
                    lookups[index].strands[strand].outcome = .failure(error)
                }
            }
        }
        for id in concerned {
            // One that was over by another strand is not there any more.
            if let index = lookups.firstIndex(where: { $0.id == id }) {
                settle(index, now, &random)
            }
        }
    }

    /// The result of one name, or nil when the next is to be tried.
    private func conclude(
        _ strands: [DNSLookup.Strand], _ sawName: inout Bool
    ) -> Result<DNSAnswer, DNSError>? {
        var answer: DNSAnswer?
        var failure: DNSError?
        for strand in strands {
            switch strand.outcome {
            case .success(.records(let contents, let name)):
                var sum = answer ?? DNSAnswer(canonicalName: name)
                for content in contents { sum.add(content) }
                answer = sum
            case .success(.noRecords): sawName = true
            case .failure(let error): failure = error
            case .success(.noSuchName), .success(.alias), nil: break
            }
        }
        // An answer to one of the questions is better than none to both.
        if let answer { return .success(answer) }
        return failure.map { .failure($0) }
    }
}

extension DNSAnswer {
    mutating func add(_ content: DNSRecord.Content) {
        switch content {
        case .address(let address): addresses.append(address)
        case .pointer(let name): names.append(name)
        case .alias, .zoneStart, .other: break
        }
    }
}
