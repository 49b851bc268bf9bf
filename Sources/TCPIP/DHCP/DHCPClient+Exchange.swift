// What a client sends, and when it sends it again.
//
// Source: RFC 2131 sections 4.1 (waiting), 4.3.2 table 4 and 4.4.1 table 5 (fields).

extension DHCPClient {
    /// Goes on with an address of old if there is one.
    mutating func begin(_ now: NetworkTime, _ random: inout some RandomNumberGenerator) {
        attemptStart = now
        guard rememberedAddress != nil else {
            discover(now, &random)
            return
        }
        startExchange(.rebooting, now, &random)
    }

    /// Looks for servers.
    mutating func discover(_ now: NetworkTime, _ random: inout some RandomNumberGenerator) {
        if state != .selecting { attemptStart = now }
        startExchange(.selecting, now, &random)
    }

    /// Begins anew after someone said no: at once the first time, then after ever longer waits,
    /// so that two servers that disagree, or one that always refuses, do not keep the link busy.
    mutating func beginLater(minimumSeconds: UInt64, _ now: NetworkTime) {
        candidate = nil
        let wait = refusalCount == 0 ? 0 : UInt64(1) << UInt64(min(refusalCount, 6))
        refusalCount += 1
        state = .waiting
        stateDeadline = now.advanced(bySeconds: max(minimumSeconds, wait))
    }

    private mutating func startExchange(
        _ state: State, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        self.state = state
        candidate = nil
        transactionID = UInt32.random(in: 0...UInt32.max, using: &random)
        (exchangeStart, sendCount) = (now, 0)
        transmit(now, &random)
    }

    /// Takes an offer. The transaction is the offer's (RFC 2131 section 4.4.1).
    mutating func request(
        _ offer: DHCPLease, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        state = .requesting
        candidate = offer
        (exchangeStart, sendCount) = (now, 0)
        transmit(now, &random)
    }

    /// Sends the message of the present state, and sets the time to wait for an answer.
    mutating func transmit(_ now: NetworkTime, _ random: inout some RandomNumberGenerator) {
        switch state {
        case .selecting:
            send(.discover, now: now, source: .unspecified, destination: .broadcast)
        case .requesting, .rebooting:
            send(.request, now: now, source: .unspecified, destination: .broadcast)
        case .renewing, .rebinding:
            guard let lease else { return }
            let destination = state == .renewing ? lease.server : .broadcast
            send(.request, now: now, source: lease.address, destination: destination)
        case .stopped, .waiting, .checking, .bound: return
        }
        sendCount += 1
        guard state != .renewing, state != .rebinding else { return }
        // 4, 8, 16, 32, 64 seconds, each a second more or less (RFC 2131 section 4.1).
        let doublings = UInt64(min(sendCount - 1, 4))
        let seconds = min(
            DHCPClientConfiguration.firstWaitSeconds << doublings,
            DHCPClientConfiguration.longestWaitSeconds)
        let jitter = UInt64.random(in: 0...2_000, using: &random)
        stateDeadline = now.advanced(byMilliseconds: seconds * 1_000 - 1_000 + jitter)
    }

    /// A time of the lease has come: asks to have it longer, at first its own server, later any.
    /// Again after half of what is left, but no less than a minute (RFC 2131 section 4.4.5).
    mutating func prolong(_ now: NetworkTime, _ random: inout some RandomNumberGenerator) {
        let next: State = now < timetable.rebinding ? .renewing : .rebinding
        if state != next {
            state = next
            transactionID = UInt32.random(in: 0...UInt32.max, using: &random)
            (exchangeStart, sendCount, attemptStart) = (now, 0, now)
        }
        transmit(now, &random)
        let limit = state == .renewing ? timetable.rebinding : timetable.expiry
        let wait = max(limit.nanoseconds(since: now) / 2, 60_000_000_000)
        stateDeadline = min(limit, now.advanced(byNanoseconds: wait))
    }

    private mutating func send(
        _ type: DHCPMessageType, now: NetworkTime, source: IPv4Address, destination: IPv4Address
    ) {
        var message = message(type)
        let seconds = now.nanoseconds(since: attemptStart) / 1_000_000_000
        message.secondCount = UInt16(min(seconds, 0xFFFF))
        message.wantsBroadcast = configuration.wantsBroadcast && source.isUnspecified
        message.clientAddress = source
        message.options[DHCPOption.requestList] = DHCPClientConfiguration.requestList
        var size: [UInt8] = []
        size.append(wire: DHCPMessage.offeredByteCount)
        message.options[DHCPOption.maximumSize] = size
        if let hostName = configuration.hostName, !hostName.isEmpty {
            message.options[DHCPOption.hostName] = Array(hostName.utf8.prefix(255))
        }
        switch state {
        case .requesting:
            if let candidate {
                message.set(DHCPOption.requestedAddress, candidate.address)
                message.set(DHCPOption.serverID, candidate.server)
            }
        case .rebooting:
            if let rememberedAddress {
                message.set(DHCPOption.requestedAddress, rememberedAddress)
            }
        default: break
        }
        post(message, source: source, destination: destination)
    }

    /// Sends what needs no answer: it goes out once (RFC 2131 section 4.4.6).
    mutating func send(
        _ type: DHCPMessageType, lease: DHCPLease, source: IPv4Address, destination: IPv4Address
    ) {
        var message = message(type)
        message.set(DHCPOption.serverID, lease.server)
        if type == .decline {
            message.set(DHCPOption.requestedAddress, lease.address)
        } else {
            message.clientAddress = lease.address
        }
        post(message, source: source, destination: destination)
    }

    private func message(_ type: DHCPMessageType) -> DHCPMessage {
        var message = DHCPMessage(
            type, transactionID: transactionID, hardwareAddress: configuration.hardwareAddress)
        message.options[DHCPOption.clientID] = configuration.clientID
        return message
    }

    private mutating func post(
        _ message: DHCPMessage, source: IPv4Address, destination: IPv4Address
    ) {
        statistics.sent += 1
        actions.append(.send(message.wireBytes, source: source, destination: destination))
    }
}

extension DHCPMessage {
    mutating func set(_ code: UInt8, _ address: IPv4Address) {
        var content: [UInt8] = []
        content.append(wire: address.rawValue)
        options[code] = content
    }
}
