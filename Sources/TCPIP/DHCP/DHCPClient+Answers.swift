// What servers say to a client, and what of it is believed.
//
// Source: RFC 2131 sections 4.4.1 and 4.4.5; RFC 6842 section 3.

extension DHCPClient {
    /// The content of a datagram that came to port 68.
    ///
    /// It counts only if it has the number of the present exchange, this interface's address, and
    /// where a server was chosen, that server's. Anything else is dropped and counted.
    public mutating func receive(
        _ bytes: RawSpan, at now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        guard let message = try? DHCPMessage(reading: bytes), isForUs(message) else {
            statistics.dropped += 1
            return
        }
        switch (state, message.type) {
        case (.selecting, .offer):
            guard let offer = lease(in: message) else { return }
            statistics.accepted += 1
            // The first that will do: there is nothing to choose by.
            request(offer, now, &random)
        case (.requesting, .acknowledge), (.rebooting, .acknowledge), (.renewing, .acknowledge),
            (.rebinding, .acknowledge):
            acknowledge(message, now)
        case (.requesting, .refuse), (.rebooting, .refuse), (.renewing, .refuse),
            (.rebinding, .refuse):
            refuse(message, now)
        default: statistics.dropped += 1
        }
    }

    private func isForUs(_ message: DHCPMessage) -> Bool {
        guard message.isReply, message.transactionID == transactionID,
            message.hardwareAddress == configuration.hardwareAddress
        else { return false }
        // Servers of old leave the client's identifier out (RFC 6842 section 3).
        guard let id = message.options[DHCPOption.clientID] else { return true }
        return id == configuration.clientID
    }

    private mutating func lease(in message: DHCPMessage) -> DHCPLease? {
        do throws(DHCPLeaseFault) {
            return try DHCPLease(message)
        } catch {
            statistics.faulty += 1
            actions.append(.report(error))
            return nil
        }
    }

    /// The server that must answer, if it must be a certain one.
    private var expectedServer: IPv4Address? {
        switch state {
        case .requesting: candidate?.server
        case .renewing: lease?.server
        default: nil
        }
    }

    /// The address that was asked for.
    private var expectedAddress: IPv4Address? {
        switch state {
        case .requesting: candidate?.address
        case .rebooting: rememberedAddress
        default: lease?.address
        }
    }

    private mutating func acknowledge(_ message: DHCPMessage, _ now: NetworkTime) {
        guard let granted = lease(in: message) else { return }
        guard granted.address == expectedAddress,
            granted.server == expectedServer ?? granted.server
        else {
            statistics.dropped += 1
            return
        }
        statistics.accepted += 1
        // An address that the interface has is defended, and needs no probe.
        guard configuration.checksConflicts, lease?.address != granted.address else {
            bind(granted, now)
            return
        }
        state = .checking
        candidate = granted
        // Several times what a probe takes (RFC 5227 section 1.1: seven seconds at most).
        stateDeadline = now.advanced(bySeconds: 20)
        actions.append(.probe(granted.address))
    }

    private mutating func refuse(_ message: DHCPMessage, _ now: NetworkTime) {
        // Must be there (RFC 2131 table 3).
        guard let server = message.address(DHCPOption.serverID),
            server == expectedServer ?? server
        else {
            statistics.dropped += 1
            return
        }
        statistics.accepted += 1
        statistics.refusals += 1
        dropLease()
        rememberedAddress = nil
        beginLater(minimumSeconds: 0, now)
    }

    /// From now on the lease is the interface's, unless it is over already: time may have leapt
    /// since it was asked for.
    mutating func bind(_ granted: DHCPLease, _ now: NetworkTime) {
        let granting = DHCPTimetable(granted, from: exchangeStart)
        guard granting.expiry > now else {
            // What the interface has may still be good.
            guard lease == nil else { return }
            rememberedAddress = granted.address
            (state, candidate, stateDeadline) = (.waiting, nil, now)
            return
        }
        let previous = lease
        lease = granted
        candidate = nil
        rememberedAddress = granted.address
        refusalCount = 0
        timetable = granting
        state = .bound
        stateDeadline = timetable.renewal
        if previous?.gives(granted) != true { actions.append(.configure(granted)) }
    }

    mutating func dropLease() {
        guard let lease else { return }
        self.lease = nil
        timetable = DHCPTimetable()
        actions.append(.deconfigure(lease))
    }
}

extension DHCPLease {
    /// Whether the interface would be the same with another lease: all but the times.
    func gives(_ other: DHCPLease) -> Bool {
        address == other.address && prefix == other.prefix && routes == other.routes
            && nameServers == other.nameServers && domain == other.domain
            && search == other.search && mtu == other.mtu
    }
}
