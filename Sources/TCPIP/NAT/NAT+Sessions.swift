// Which packets begin a connection, and which belong to one.

/// What becomes of a packet that does not go on.
enum NATRefusal: Error {
    case drop(NATDropReason)
    case reject

    var verdict: NATVerdict {
        switch self {
        case .drop(let reason): .drop(reason)
        case .reject: .reject
        }
    }

    init?(_ decision: FilterRule.Decision) {
        switch decision {
        case .pass: return nil
        case .drop: self = .drop(.filtered)
        case .reject: self = .reject
        }
    }
}

extension NAT {
    /// The mapping of a packet's sender, with a session to its destination; both are made where
    /// they are not there. `target` is the destination as the filter knows it.
    mutating func outboundMapping(
        _ view: TranslatablePacket, _ direction: FilterDirection, to target: NATEndpoint,
        _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) -> Result<Int, NATRefusal> {
        let known = table.mapping(inside: view.source, view.natProtocol)
        if let known, let session = table.session(known, with: view.destination) {
            if let refusal = refresh(session, view, isFromInside: true, now) {
                return .failure(refusal)
            }
            return .success(known)
        }
        if let refusal = beginning(view, direction, from: view.source, to: target) {
            return .failure(refusal)
        }
        if let refusal = makeRoom(for: view.source.address, now) { return .failure(refusal) }
        // Making room may have ended the mapping.
        var mapping = table.mapping(inside: view.source, view.natProtocol)
        if mapping == nil {
            guard let port = freePort(like: view.source.port, view.natProtocol, &random) else {
                return .failure(.drop(.noPort))
            }
            mapping = table.addMapping(
                view.natProtocol, view.source, outsidePort: port, isFixed: false)
        }
        guard let mapping else { return .failure(.drop(.noPort)) }
        begin(mapping, with: view.destination, isOutbound: true, now)
        return .success(mapping)
    }

    /// Lets a packet in through a mapping, or says why not.
    mutating func admit(
        _ view: TranslatablePacket, _ mapping: Int, from remote: NATEndpoint,
        _ direction: FilterDirection, _ now: NetworkTime
    ) -> NATRefusal? {
        if let session = table.session(mapping, with: remote) {
            return refresh(session, view, isFromInside: false, now)
        }
        let target = table.mappings[mapping].inside
        guard isInvited(mapping, remote) else { return .drop(.notInvited) }
        if let refusal = beginning(view, direction, from: remote, to: target) { return refusal }
        if let refusal = makeRoom(for: target.address, now) { return refusal }
        // Making room may have ended the mapping by which this one came.
        guard table.mappings[mapping].isUsed, table.mappings[mapping].inside == target else {
            return .drop(.full)
        }
        begin(mapping, with: remote, isOutbound: false, now)
        return nil
    }

    /// Forwarded ports are for everybody; others depend (RFC 4787 section 5).
    private func isInvited(_ mapping: Int, _ remote: NATEndpoint) -> Bool {
        if table.mappings[mapping].isFixed { return true }
        return switch configuration.filtering {
        case .endpointIndependent: true
        case .addressDependent: table.hasContact(mapping, with: remote.address)
        case .addressAndPortDependent: false
        }
    }

    /// Whether a packet may begin a connection: of TCP only one that wants to, and what the
    /// filter lets pass.
    private func beginning(
        _ view: TranslatablePacket, _ direction: FilterDirection, from source: NATEndpoint,
        to target: NATEndpoint
    ) -> NATRefusal? {
        if case .tcp(let flags) = view.kind {
            let bits = TranslatablePacket.synchronise | TranslatablePacket.acknowledge
            guard flags & (bits | TranslatablePacket.reset) == TranslatablePacket.synchronise
            else { return .drop(.noConnection) }
        }
        // A reply is none that begins, whatever came before it.
        if view.kind == .echoReply { return .drop(.notInvited) }
        return NATRefusal(
            configuration.filter.decision(direction, view.natProtocol, from: source, to: target))
    }

    private mutating func makeRoom(for host: IPv4Address, _ now: NetworkTime) -> NATRefusal? {
        guard table.sessionCount(of: host) < configuration.hostSessionLimit else {
            return .drop(.full)
        }
        guard table.isFull else { return nil }
        guard table.evict(at: now) else { return .drop(.full) }
        statistics.evicted += 1
        return nil
    }

    private mutating func begin(
        _ mapping: Int, with remote: NATEndpoint, isOutbound: Bool, _ now: NetworkTime
    ) {
        let session = table.addSession(mapping, with: remote, isOutbound: isOutbound)
        statistics.begun += 1
        let seconds: UInt64 =
            switch table.mappings[mapping].natProtocol {
            case .icmp: NATConfiguration.icmpSeconds
            case .tcp: NATConfiguration.tcpTransitorySeconds
            case .udp: NATConfiguration.udpUnansweredSeconds
            }
        table.setPhase(session, .opening, until: now.advanced(bySeconds: seconds))
    }

    /// A packet of a known session. Of UDP and echoes only what comes from inside prolongs it, or
    /// the world could keep it for ever (RFC 4787 REQ-6).
    private mutating func refresh(
        _ index: Int, _ view: TranslatablePacket, isFromInside: Bool, _ now: NetworkTime
    ) -> NATRefusal? {
        let session = table.sessions[index]
        // One whose time is over, and that was not swept yet: begins anew, if it may.
        let isExpired = session.expiry <= now
        let isAnswer = session.isOutbound != isFromInside
        var phase = session.phase
        switch view.kind {
        case .tcp(let flags):
            return refreshTCP(index, flags, isAnswer: isAnswer, isExpired, now)
        case .udp:
            guard !isExpired || isFromInside else { return .drop(.notInvited) }
            if isAnswer { phase = .established }
            let seconds =
                phase == .established
                ? NATConfiguration.udpSeconds : NATConfiguration.udpUnansweredSeconds
            let isFirstAnswer = phase != session.phase
            let expiry =
                isFromInside || isFirstAnswer ? now.advanced(bySeconds: seconds) : session.expiry
            table.setPhase(index, phase, until: expiry)
        case .echoRequest, .echoReply, .error:
            guard !isExpired || isFromInside else { return .drop(.notInvited) }
            if isFromInside {
                let expiry = now.advanced(bySeconds: NATConfiguration.icmpSeconds)
                table.setPhase(index, phase, until: expiry)
            }
        }
        return nil
    }

    /// TCP by its flags alone: numbers are not followed, so that a forged RST or FIN shortens a
    /// session's time to four minutes and does not end it (RFC 7857 section 2.2).
    private mutating func refreshTCP(
        _ index: Int, _ flags: UInt8, isAnswer: Bool, _ isExpired: Bool, _ now: NetworkTime
    ) -> NATRefusal? {
        let isSynchronise =
            flags & (TranslatablePacket.synchronise | TranslatablePacket.acknowledge)
            == TranslatablePacket.synchronise
        var phase = table.sessions[index].phase
        if isExpired, !isSynchronise { return .drop(.noConnection) }
        if flags & (TranslatablePacket.finish | TranslatablePacket.reset) != 0 {
            phase = .closing
        } else if isSynchronise, !isAnswer, phase == .closing || isExpired {
            // The same ports once more.
            phase = .opening
        } else if isAnswer, phase == .opening, flags & TranslatablePacket.acknowledge != 0 {
            phase = .established
        }
        let seconds =
            phase == .established
            ? NATConfiguration.tcpEstablishedSeconds : NATConfiguration.tcpTransitorySeconds
        // A closing session ends four minutes after it began to close, or a flood of FINs would
        // keep it.
        if phase == .closing, table.sessions[index].phase == .closing { return nil }
        table.setPhase(index, phase, until: now.advanced(bySeconds: seconds))
        return nil
    }

    /// A port at random (RFC 6056 section 3.3.2), even or odd as the sender's own (RFC 4787
    /// REQ-4) where that can be had. Ends after some draws: a range that is nearly used up is
    /// as good as one that is.
    private func freePort(
        like port: UInt16, _ natProtocol: NATProtocol,
        _ random: inout some RandomNumberGenerator
    ) -> UInt16? {
        for draw in 0..<128 {
            let drawn = UInt16.random(in: configuration.ports, using: &random)
            let sameParity = drawn & ~1 | port & 1
            let candidate =
                draw < 64 && configuration.ports.contains(sameParity) ? sameParity : drawn
            if table.mapping(outsidePort: candidate, natProtocol) == nil { return candidate }
        }
        return nil
    }
}
