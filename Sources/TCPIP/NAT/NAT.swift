// Network address translation between hosts inside and one address outside, with a table of
// connections, which is a firewall's at the same time.
//
// Pure: packets, moments and random numbers in; changed packets and verdicts out.
//
// Source: RFC 4787 (UDP), RFC 5382 (TCP), RFC 5508 (ICMP), RFC 7857 (all), RFC 6056 section 3.3
// (ports).

/// A translator. What comes in from outside is judged before it is routed, what goes out after:
///
/// - ``translateIncoming(_:from:byteCount:hasBlankChecksum:at:using:)`` for each packet that
///   arrives, from either side;
/// - ``translateOutgoing(_:byteCount:hasBlankChecksum:at:using:)`` for each packet from inside
///   whose route leads outside.
public struct NAT: Sendable {
    /// From where a packet came.
    @frozen
    public enum Side: Sendable {
        /// From a host that is hidden.
        case inside
        /// From the world.
        case outside
    }

    /// What it was told.
    public let configuration: NATConfiguration
    /// What was counted.
    public internal(set) var statistics = NATStatistics()
    var table: NATTable
    private var lastSweep = NetworkTime(nanoseconds: 0)

    /// A translator without connections. Forwarded ports are TCP's or UDP's, each there once; the
    /// first of several for the same port or the same host's port counts.
    public init(_ configuration: NATConfiguration) {
        self.configuration = configuration
        table = NATTable(
            sessionLimit: configuration.sessionLimit, fixedCount: configuration.forwards.count)
        for forward in configuration.forwards where forward.natProtocol != .icmp {
            let (port, kind) = (forward.outsidePort, forward.natProtocol)
            guard table.mapping(outsidePort: port, kind) == nil,
                table.mapping(inside: forward.inside, kind) == nil
            else { continue }
            _ = table.addMapping(kind, forward.inside, outsidePort: port, isFixed: true)
        }
    }

    /// Connections that are known.
    public var sessionCount: Int { table.sessionCount }
    /// Ports that are in use, forwarded ones included.
    public var mappingCount: Int { table.mappingCount }

    /// A packet from inside is about to leave by the outside interface: it gets the outside
    /// address. `byteCount`: its length, if `packet` is only its beginning, with all headers.
    /// `hasBlankChecksum`: in the checksum of TCP or UDP is the sum of the addresses alone, not
    /// complemented, and a device adds the rest.
    public mutating func translateOutgoing(
        _ packet: inout MutableRawSpan, byteCount: Int? = nil, hasBlankChecksum: Bool = false,
        at now: NetworkTime, using random: inout some RandomNumberGenerator
    ) -> NATVerdict {
        sweep(now)
        return counted(outgoing(&packet, byteCount, hasBlankChecksum, now, &random))
    }

    /// A packet to the outside address: it goes to the host inside that it is for, or it is for
    /// this host, as is any packet to another address. The rest as with
    /// ``translateOutgoing(_:byteCount:hasBlankChecksum:at:using:)``.
    public mutating func translateIncoming(
        _ packet: inout MutableRawSpan, from side: Side, byteCount: Int? = nil,
        hasBlankChecksum: Bool = false, at now: NetworkTime,
        using random: inout some RandomNumberGenerator
    ) -> NATVerdict {
        sweep(now)
        return counted(incoming(&packet, side, byteCount, hasBlankChecksum, now, &random))
    }

    /// Sessions that are looked at with each packet: twice as many as can begin with it, so that
    /// what is over goes faster than what is new comes.
    private static let sweepCount = 2
    /// All are looked at when so much time has passed: a session is never kept longer.
    private static let sweepNanoseconds: UInt64 = 10_000_000_000

    private mutating func sweep(_ now: NetworkTime) {
        if now.nanoseconds(since: lastSweep) >= Self.sweepNanoseconds {
            lastSweep = now
            table.sweep(table.sessions.count, at: now)
        } else {
            table.sweep(Self.sweepCount, at: now)
        }
    }

    private mutating func counted(_ verdict: NATVerdict) -> NATVerdict {
        switch verdict {
        case .forward: statistics.translated += 1
        case .drop, .reject: statistics.dropped += 1
        case .deliver: break
        }
        return verdict
    }

    private static func reason(_ fault: TranslatablePacket.Fault) -> NATDropReason {
        switch fault {
        case .malformed: .malformed
        case .fragment: .fragment
        case .unsupported: .unsupported
        }
    }

    private mutating func outgoing(
        _ packet: inout MutableRawSpan, _ byteCount: Int?, _ isBlank: Bool, _ now: NetworkTime,
        _ random: inout some RandomNumberGenerator
    ) -> NATVerdict {
        let view: TranslatablePacket
        do throws(TranslatablePacket.Fault) {
            view = try TranslatablePacket(packet.bytes, byteCount: byteCount)
        } catch {
            return .drop(Self.reason(error))
        }
        if view.kind == .error { return outgoingError(&packet, view) }
        // A reply to an echo belongs to a request that came in, and none is let in.
        if view.kind == .echoReply { return .drop(.noConnection) }
        switch outboundMapping(view, .outbound, to: view.destination, now, &random) {
        case .failure(let refusal): return refusal.verdict
        case .success(let mapping):
            let port = table.mappings[mapping].outsidePort
            let source = NATEndpoint(configuration.outsideAddress, port)
            view.rewrite(&packet, source: source, hasBlankChecksum: isBlank)
            return .forward
        }
    }

    private mutating func incoming(
        _ packet: inout MutableRawSpan, _ side: Side, _ byteCount: Int?, _ isBlank: Bool,
        _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) -> NATVerdict {
        let outside = configuration.outsideAddress.rawValue
        guard WireBytes.word32(packet.bytes, at: 16) ?? outside == outside else { return .deliver }
        let view: TranslatablePacket
        do throws(TranslatablePacket.Fault) {
            view = try TranslatablePacket(packet.bytes, byteCount: byteCount)
        } catch {
            // What has no port cannot be for anybody but this host.
            return error == .unsupported ? .deliver : .drop(Self.reason(error))
        }
        if view.kind == .error { return incomingError(&packet, view) }
        guard view.kind != .echoRequest,
            let mapping = table.mapping(outsidePort: view.destination.port, view.natProtocol)
        else { return .deliver }
        let target = table.mappings[mapping].inside
        if side == .inside {
            return hairpin(&packet, view, mapping, isBlank, now, &random)
        }
        if let refusal = admit(view, mapping, from: view.source, .inbound, now) {
            return refusal.verdict
        }
        view.rewrite(&packet, destination: target, hasBlankChecksum: isBlank)
        return .forward
    }

    /// From one host inside to another by way of the outside address: both ends are translated,
    /// so that the answer comes the same way (RFC 4787 REQ-9).
    private mutating func hairpin(
        _ packet: inout MutableRawSpan, _ view: TranslatablePacket, _ mapping: Int,
        _ isBlank: Bool, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) -> NATVerdict {
        let target = table.mappings[mapping].inside
        switch outboundMapping(view, .hairpin, to: target, now, &random) {
        case .failure(let refusal): return refusal.verdict
        case .success(let own):
            let source = NATEndpoint(
                configuration.outsideAddress, table.mappings[own].outsidePort)
            // Room for the sender's session may have been made at the cost of the target's.
            guard table.mapping(outsidePort: view.destination.port, view.natProtocol) == mapping
            else { return .drop(.full) }
            if let refusal = admit(view, mapping, from: source, .hairpin, now) {
                return refusal.verdict
            }
            guard table.mappings[own].isUsed, table.mappings[own].outsidePort == source.port else {
                return .drop(.full)
            }
            view.rewrite(
                &packet, source: source, destination: target, hasBlankChecksum: isBlank)
            return .forward
        }
    }
}
