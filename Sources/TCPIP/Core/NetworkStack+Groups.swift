// Groups: which of them we are in, and who is told.
//
// Reports are of version 3 of IGMP and version 2 of MLD, whoever asks: a group without lists of
// sources. Queriers of older versions hear them, but may not understand them.
//
// Source: RFC 3810 sections 5 and 6, RFC 9776 (IGMPv3) sections 4 and 5; RFC 4541 for why reports
// matter: bridges drop what nobody reported.

/// A group that an interface is in.
struct GroupRecord {
    let address: IPv6Address
    /// Who wants it: sockets, and addresses of ours with the same solicited node.
    var memberCount = 1
    /// Reports of having joined that are still to be sent, and when (RFC 3810 section 9.1).
    var reportsLeft = 0
    var deadline = NetworkTime.never
}

extension NetworkStack {
    /// RFC 3810 section 9.1: the robustness variable's default.
    private static let robustness = 2

    /// Whether packets to a group are wanted.
    func isMember(of group: IPv6Address, on index: Int) -> Bool {
        if group == .allNodes || (isForwarding && group == .allRouters) { return true }
        // The node's own scope (RFC 4291 section 2.7.1).
        if group.high == 0xFF01 << 48, group.low == 1 { return index == 0 }
        return interfaces[index].groups.firstIndex { $0.address == group } != nil
    }

    func joinSolicitedNode(_ address: IPv6Address, on index: Int) {
        guard !address.isIPv4, index != 0 else { return }
        _ = join(address.solicitedNode, on: index)
    }

    func leaveSolicitedNode(_ address: IPv6Address, on index: Int) {
        guard !address.isIPv4, index != 0 else { return }
        leaveGroup(address.solicitedNode, on: index)
    }

    /// Packets to a group are wanted on an interface; as often as it is joined, it is to be left.
    public func joinGroup(
        _ group: IPAddress, on id: InterfaceID, at time: NetworkTime
    ) throws(ConfigurationError) {
        let index = try index(id)
        enter(time)
        guard group.isMulticast else { throw .badAddress }
        guard join(group.asIPv6, on: index) else { throw .full }
    }

    /// Packets to a group are not wanted any more.
    public func leaveGroup(_ group: IPAddress, on id: InterfaceID, at time: NetworkTime) {
        guard let index = try? index(id) else { return }
        enter(time)
        leaveGroup(group.asIPv6, on: index)
    }

    /// Groups that the device is to let through, for those that leave out others.
    public func wantedGroups(on id: InterfaceID) -> [MACAddress] {
        guard let index = try? index(id), index != 0 else { return [] }
        var groups = [MACAddress(multicast: IPv6Address.allNodes)]
        groups.append(MACAddress(multicast: IPv4Address.allHosts))
        if isForwarding { groups.append(MACAddress(multicast: IPv6Address.allRouters)) }
        for place in 0..<interfaces[index].groups.count {
            let mac = Self.mac(interfaces[index].groups[place].address)
            if !groups.contains(mac) { groups.append(mac) }
        }
        return groups
    }

    private static func mac(_ group: IPv6Address) -> MACAddress {
        group.isIPv4 ? MACAddress(multicast: group.embeddedIPv4) : MACAddress(multicast: group)
    }

    func join(_ group: IPv6Address, on index: Int) -> Bool {
        if let place = interfaces[index].groups.firstIndex(where: { $0.address == group }) {
            interfaces[index].groups[place].memberCount += 1
            return true
        }
        guard interfaces[index].groups.append(GroupRecord(address: group)) else { return false }
        reportSoon(interfaces[index].groups.count - 1, on: index)
        return true
    }

    private func reportSoon(_ place: Int, on index: Int) {
        guard index != 0 else { return }
        interfaces[index].groups[place].reportsLeft = Self.robustness
        interfaces[index].groups[place].deadline = now
        interfaces[index].groupDeadline = now
        schedule(now)
    }

    func rejoinGroups(_ index: Int) {
        for place in 0..<interfaces[index].groups.count { reportSoon(place, on: index) }
    }

    func leaveGroup(_ group: IPv6Address, on index: Int) {
        guard let place = interfaces[index].groups.firstIndex(where: { $0.address == group })
        else { return }
        interfaces[index].groups[place].memberCount -= 1
        guard interfaces[index].groups[place].memberCount == 0 else { return }
        interfaces[index].groups.remove(at: place)
        guard index != 0, interfaces[index].isUp else { return }
        // CHANGE_TO_INCLUDE with no source: left (RFC 3810 section 5.2.12).
        sendReport([group], type: 3, on: index)
    }

    /// Sends what is due of an interface's reports.
    func stepGroups(_ index: Int) {
        guard interfaces[index].isUp else { return }
        if interfaces[index].groupDeadline <= now { reportJoined(index) }
        if interfaces[index].generalReportDeadline <= now {
            interfaces[index].generalReportDeadline = .never
            // MODE_IS_EXCLUDE with no source: a member.
            let all = interfaces[index].groups.elements.map { $0.address }
            sendReport(all.filter { !$0.isIPv4 }, type: 2, on: index)
            sendReport(all.filter { $0.isIPv4 }, type: 2, on: index)
        }
        schedule(interfaces[index].groupDeadline)
        schedule(interfaces[index].generalReportDeadline)
    }

    private func reportJoined(_ index: Int) {
        var next = NetworkTime.never
        var due: [IPv6Address] = []
        for place in 0..<interfaces[index].groups.count {
            guard interfaces[index].groups[place].deadline <= now else {
                next = min(next, interfaces[index].groups[place].deadline)
                continue
            }
            due.append(interfaces[index].groups[place].address)
            interfaces[index].groups[place].reportsLeft -= 1
            let isLast = interfaces[index].groups[place].reportsLeft == 0
            // RFC 3810 section 9.11: within a second.
            let deadline =
                isLast ? NetworkTime.never : now.advanced(byMilliseconds: 1 + random(below: 1000))
            interfaces[index].groups[place].deadline = deadline
            next = min(next, deadline)
        }
        interfaces[index].groupDeadline = next
        // CHANGE_TO_EXCLUDE with no source: joined.
        sendReport(due.filter { !$0.isIPv4 }, type: 4, on: index)
        sendReport(due.filter { $0.isIPv4 }, type: 4, on: index)
    }

    /// RFC 3810 section 6.2: an answer after a random part of the time that is given. A query for
    /// one group is answered like one for all.
    func receiveListenerQuery(_ packet: borrowing Packet, _ header: IPv6Header, on index: Int) {
        let bytes = packet.bytes
        let start = packet.transportOffset
        guard header.source.isLinkLocal, header.hopLimit == 1, bytes.byteCount >= start + 24 else {
            interfaces[index].drop(.badControl)
            return
        }
        let code = UInt64(bytes.word(start + 4))
        // RFC 3810 section 5.1.3: large values are floating-point numbers.
        let delay = code < 32768 ? code : ((code & 0xFFF) | 0x1000) << ((code >> 12 & 7) + 3)
        reportAll(within: delay, on: index)
    }

    /// RFC 9776 section 5.2.
    func receiveIGMP(_ packet: borrowing Packet, _ header: IPv4Header, on index: Int) {
        let bytes = packet.bytes
        let start = packet.transportOffset
        guard bytes.byteCount >= start + 8, header.timeToLive == 1 else {
            interfaces[index].drop(.badControl)
            return
        }
        // 0x11: a query. Others' reports are routers' business.
        guard bytes.byte(start) == 0x11 else { return }
        var sum = InternetChecksum()
        sum.add(packet, from: start)
        guard sum.checksum == 0 else {
            interfaces[index].drop(.badChecksum)
            return
        }
        let code = UInt64(bytes.byte(start + 1))
        let tenths = code < 128 ? code : ((code & 0xF) | 0x10) << ((code >> 4 & 7) + 3)
        reportAll(within: tenths * 100, on: index)
    }

    private func reportAll(within milliseconds: UInt64, on index: Int) {
        guard index != 0, !interfaces[index].groups.isEmpty else { return }
        let deadline = now.advanced(byMilliseconds: 1 + random(below: milliseconds))
        guard deadline < interfaces[index].generalReportDeadline else { return }
        interfaces[index].generalReportDeadline = deadline
        schedule(deadline)
    }

    /// A report of some groups of one version: 64 at most, which fit into one packet.
    private func sendReport(_ groups: [IPv6Address], type: UInt8, on index: Int) {
        guard let first = groups.first else { return }
        let addressCount = first.isIPv4 ? 4 : 16
        let kept = groups.prefix(56)
        let count = 8 + kept.count * (4 + addressCount)
        // IGMP has type 0x22 for it (RFC 9776 section 4.2).
        let number: UInt8 = first.isIPv4 ? 0x22 : ICMPv6Type.listenerReport
        guard var packet = makeDiscovery(number, count: (count + 7) & ~7, on: index) else { return }
        packet.truncate(to: count)
        var bytes = packet.mutableBytes
        bytes.put(UInt16(kept.count), at: 6)
        var offset = 8
        for group in kept {
            bytes.put(UInt32(type) << 24, at: offset)
            if first.isIPv4 {
                bytes.put(group.embeddedIPv4, at: offset + 4)
            } else {
                bytes.put(group, at: offset + 4)
            }
            offset += 4 + addressCount
        }
        if first.isIPv4 { sendIGMP(packet, on: index) } else { sendMLD(packet, on: index) }
    }

    /// To all IGMPv3 routers, with the router alert (RFC 9776 section 4).
    private func sendIGMP(_ message: consuming Packet, on index: Int) {
        var packet = message
        var sum = InternetChecksum()
        sum.add(packet, from: 0)
        var bytes = packet.mutableBytes
        bytes.put(sum.checksum, at: 2)
        let routers = IPv4Address(224, 0, 0, 22)
        let source = source(for: IPv6Address(mapping: routers), on: index)
        packet.prependIPv4(
            from: source?.embeddedIPv4 ?? .unspecified, to: routers,
            protocolNumber: ProtocolNumber.igmp, timeToLive: 1, identification: 0,
            flagsAndOffset: IPv4Header.dontFragment, trafficClass: 0xC0)
        transmit(packet, to: MACAddress(multicast: routers), on: index, isIPv4: true)
    }

    /// To all MLDv2 routers, with a hop limit of 1 and the router alert (RFC 3810 section 5).
    private func sendMLD(_ message: consuming Packet, on index: Int) {
        var packet = message
        let place = interfaces[index].addresses.firstIndex {
            $0.address.isLinkLocal && !$0.address.isIPv4 && $0.isUsable
        }
        // RFC 3810 section 5.2.13: from no address while there is none.
        let source = place.map { interfaces[index].addresses[$0].address } ?? .unspecified
        let sum = checksumICMPv6(packet, from: source, to: .allMulticastRouters)
        var bytes = packet.mutableBytes
        bytes.put(sum, at: 2)
        packet.prepend(8)
        var options = packet.mutableBytes
        options.put(UInt32(ProtocolNumber.icmpv6) << 24 | 0x0502, at: 0)
        options.put(UInt32(0x0100), at: 4)
        packet.prependIPv6(
            from: source, to: .allMulticastRouters, nextHeader: IPv6ExtensionChain.hopByHop,
            hopLimit: 1)
        transmit(
            packet, to: MACAddress(multicast: .allMulticastRouters), on: index, isIPv4: false)
    }
}
