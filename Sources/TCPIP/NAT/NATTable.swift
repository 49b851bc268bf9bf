// Mappings and the connections that use them, in tables that are filled once and never grow.
//
// A mapping gives an endpoint inside a port outside, the same whoever it talks to (RFC 4787 REQ-1).
// A session is a conversation of a mapping with one endpoint of the world; a mapping lives as long
// as it has one.

/// An endpoint inside and its port outside.
struct NATMapping: Sendable {
    var natProtocol = NATProtocol.udp
    var inside = NATEndpoint(.unspecified, 0)
    var outsidePort: UInt16 = 0
    var sessionCount = 0
    /// A forwarded port, which is always there.
    var isFixed = false
    var isUsed = false
}

/// A conversation.
struct NATSession: Sendable {
    enum Phase: Sendable {
        /// One side has sent.
        case opening
        /// Both have.
        case established
        /// TCP: somebody said that this is the end.
        case closing
    }

    var mapping = 0
    var remote = NATEndpoint(.unspecified, 0)
    var phase = Phase.opening
    /// Begun from inside.
    var isOutbound = true
    var expiry = NetworkTime.never
    var isUsed = false
}

/// Both tables.
struct NATTable: Sendable {
    private struct InsideKey: Hashable, Sendable {
        let natProtocol: NATProtocol
        let inside: NATEndpoint
    }
    private struct OutsideKey: Hashable, Sendable {
        let natProtocol: NATProtocol
        let port: UInt16
    }
    private struct SessionKey: Hashable, Sendable {
        let mapping: Int
        let remote: NATEndpoint
    }

    private(set) var mappings: [NATMapping]
    private(set) var sessions: [NATSession]
    private var freeMappings: [Int]
    private var freeSessions: [Int]
    private var byInside: [InsideKey: Int] = [:]
    private var byOutside: [OutsideKey: Int] = [:]
    private var bySession: [SessionKey: Int] = [:]
    /// How many sessions a mapping has with each address; the key's port is 0.
    private var contacts: [SessionKey: Int] = [:]
    private var hostCounts: [IPv4Address: Int] = [:]
    private var hand = 0

    /// There is a mapping for each session, and those of forwarded ports.
    init(sessionLimit: Int, fixedCount: Int) {
        precondition(sessionLimit > 0, "a table has room for something")
        mappings = [NATMapping](repeating: NATMapping(), count: sessionLimit + fixedCount)
        sessions = [NATSession](repeating: NATSession(), count: sessionLimit)
        freeMappings = Array((0..<mappings.count).reversed())
        freeSessions = Array((0..<sessionLimit).reversed())
    }

    var sessionCount: Int { sessions.count - freeSessions.count }
    var mappingCount: Int { mappings.count - freeMappings.count }
    var isFull: Bool { freeSessions.isEmpty }

    func mapping(inside: NATEndpoint, _ natProtocol: NATProtocol) -> Int? {
        byInside[InsideKey(natProtocol: natProtocol, inside: inside)]
    }

    func mapping(outsidePort: UInt16, _ natProtocol: NATProtocol) -> Int? {
        byOutside[OutsideKey(natProtocol: natProtocol, port: outsidePort)]
    }

    func session(_ mapping: Int, with remote: NATEndpoint) -> Int? {
        bySession[SessionKey(mapping: mapping, remote: remote)]
    }

    /// Whether a mapping has sent to an address.
    func hasContact(_ mapping: Int, with address: IPv4Address) -> Bool {
        contacts[SessionKey(mapping: mapping, remote: NATEndpoint(address, 0))] != nil
    }

    func sessionCount(of host: IPv4Address) -> Int { hostCounts[host] ?? 0 }

    /// Gives an endpoint a port, which must be free. There is always room: a mapping without a
    /// session is a fixed one, or about to get its first.
    mutating func addMapping(
        _ natProtocol: NATProtocol, _ inside: NATEndpoint, outsidePort: UInt16, isFixed: Bool
    ) -> Int {
        guard let index = freeMappings.popLast() else {
            preconditionFailure("more mappings than sessions")
        }
        mappings[index] = NATMapping(
            natProtocol: natProtocol, inside: inside, outsidePort: outsidePort,
            isFixed: isFixed, isUsed: true)
        byInside[InsideKey(natProtocol: natProtocol, inside: inside)] = index
        byOutside[OutsideKey(natProtocol: natProtocol, port: outsidePort)] = index
        return index
    }

    /// Begins a session. The table must have room.
    mutating func addSession(_ mapping: Int, with remote: NATEndpoint, isOutbound: Bool) -> Int {
        guard let index = freeSessions.popLast() else {
            preconditionFailure("room was made for a session")
        }
        sessions[index] = NATSession(
            mapping: mapping, remote: remote, isOutbound: isOutbound, isUsed: true)
        bySession[SessionKey(mapping: mapping, remote: remote)] = index
        let contact = SessionKey(mapping: mapping, remote: NATEndpoint(remote.address, 0))
        contacts[contact, default: 0] += 1
        hostCounts[mappings[mapping].inside.address, default: 0] += 1
        mappings[mapping].sessionCount += 1
        return index
    }

    mutating func setPhase(_ session: Int, _ phase: NATSession.Phase, until expiry: NetworkTime) {
        sessions[session].phase = phase
        sessions[session].expiry = expiry
    }

    /// Ends a session, and with its last one a mapping.
    mutating func removeSession(_ index: Int) {
        let session = sessions[index]
        precondition(session.isUsed, "a session ends once")
        sessions[index].isUsed = false
        freeSessions.append(index)
        bySession[SessionKey(mapping: session.mapping, remote: session.remote)] = nil
        let contact = SessionKey(
            mapping: session.mapping, remote: NATEndpoint(session.remote.address, 0))
        Self.decrement(&contacts[contact])
        Self.decrement(&hostCounts[mappings[session.mapping].inside.address])
        mappings[session.mapping].sessionCount -= 1
        if mappings[session.mapping].sessionCount == 0, !mappings[session.mapping].isFixed {
            removeMapping(session.mapping)
        }
    }

    private mutating func removeMapping(_ index: Int) {
        let mapping = mappings[index]
        mappings[index].isUsed = false
        freeMappings.append(index)
        byInside[InsideKey(natProtocol: mapping.natProtocol, inside: mapping.inside)] = nil
        byOutside[OutsideKey(natProtocol: mapping.natProtocol, port: mapping.outsidePort)] = nil
    }

    private static func decrement(_ count: inout Int?) {
        guard let value = count else { return }
        count = value > 1 ? value - 1 : nil
    }

    /// Looks at a few sessions, in turn, and ends those whose time is over.
    mutating func sweep(_ count: Int, at now: NetworkTime) {
        for _ in 0..<min(count, sessions.count) {
            if sessions[hand].isUsed, sessions[hand].expiry <= now { removeSession(hand) }
            hand = hand + 1 == sessions.count ? 0 : hand + 1
        }
    }

    /// Ends one session to make room: of those looked at the one that would end first, but none
    /// of TCP that is established and not over. False when all are of that kind.
    mutating func evict(at now: NetworkTime) -> Bool {
        var victim: Int?
        for _ in 0..<min(Self.evictionReach, sessions.count) {
            let session = sessions[hand]
            if session.isUsed, session.expiry <= now || !isPrecious(session) {
                if victim.map({ session.expiry < sessions[$0].expiry }) ?? true { victim = hand }
            }
            hand = hand + 1 == sessions.count ? 0 : hand + 1
        }
        guard let victim else { return false }
        removeSession(victim)
        return true
    }

    /// Sessions that are looked at for one to be given up.
    private static let evictionReach = 64

    private func isPrecious(_ session: NATSession) -> Bool {
        mappings[session.mapping].natProtocol == .tcp && session.phase == .established
    }
}
