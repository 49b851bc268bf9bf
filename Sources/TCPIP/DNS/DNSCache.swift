// Answers that were given, for as long as they may be kept.
//
// Source: RFC 1035 section 7.4, RFC 2308 section 5 (answers that there is nothing), RFC 8767
// section 4 (the upper limit).

/// What there is to say to a question, from a server, the cache or the host's own table.
enum DNSFinding: Equatable, Sendable {
    /// The records asked for, and the name that has them.
    case records([DNSRecord.Content], of: DNSName)
    /// The records are those of another name, which is still to be asked for; `count` aliases
    /// lead there.
    case alias(DNSName, count: Int)
    /// There is no such name.
    case noSuchName
    /// There is such a name, without records of this type.
    case noRecords
}

/// Findings by question, each until its time is over; no more than a limit.
struct DNSCache: Sendable {
    /// A day (RFC 8767 section 4 has the same for those that are far off).
    static let positiveLimitSeconds: UInt32 = 86_400
    /// An hour: "one to three hours have been found to work well" (RFC 2308 section 5).
    static let negativeLimitSeconds: UInt32 = 3_600
    /// How many records of one question are kept; a name has no use for more.
    static let recordLimit = 32

    private struct Entry: Sendable {
        var finding: DNSFinding
        var expiry: NetworkTime
    }

    private var entries: [DNSQuestion: Entry] = [:]
    let limit: Int

    init(limit: Int) {
        precondition(limit > 0, "a cache has room for something")
        self.limit = limit
        entries.reserveCapacity(limit)
    }

    var count: Int { entries.count }

    /// What is known, if it still holds.
    func finding(_ question: DNSQuestion, at now: NetworkTime) -> DNSFinding? {
        // Where there is no name, it has no records of any type (RFC 2308 section 5).
        for key in [question, DNSQuestion(question.name, .any)] {
            if let entry = entries[key], now < entry.expiry { return entry.finding }
        }
        return nil
    }

    /// Keeps a finding for `ttl` seconds, not at all for 0.
    mutating func keep(
        _ finding: DNSFinding, of question: DNSQuestion, ttl: UInt32, at now: NetworkTime
    ) {
        guard ttl > 0 else { return }
        let isNegative = finding == .noSuchName || finding == .noRecords
        let limit = isNegative ? Self.negativeLimitSeconds : Self.positiveLimitSeconds
        let key = finding == .noSuchName ? DNSQuestion(question.name, .any) : question
        if entries[key] == nil, entries.count >= self.limit { makeRoom(at: now) }
        let expiry = now.advanced(bySeconds: UInt64(min(ttl, limit)))
        entries[key] = Entry(finding: finding, expiry: expiry)
    }

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Drops what has expired, or if nothing has, what would be the next to do so.
    private mutating func makeRoom(at now: NetworkTime) {
        var next: (question: DNSQuestion, expiry: NetworkTime)?
        var expired: [DNSQuestion] = []
        for (question, entry) in entries {
            if entry.expiry <= now { expired.append(question) }
            if entry.expiry < next?.expiry ?? .never { next = (question, entry.expiry) }
        }
        for question in expired { entries[question] = nil }
        if expired.isEmpty, let next { entries[next.question] = nil }
    }
}
