// IPv4 in.
//
// Source: RFC 1122 section 3.2.1; RFC 1812 section 5.3 for what is passed on.

extension NetworkStack {
    /// Takes in a packet.
    func receiveIPv4(_ packet: consuming Packet, on index: Int) {
        var packet = packet
        let header: IPv4Header
        do throws(DropReason) {
            header = try IPv4Header(packet.bytes, packetCount: packet.count)
        } catch {
            interfaces[index].drop(error)
            return
        }
        // What Ethernet has added to reach its least length.
        if packet.count > header.totalCount { packet.truncate(to: header.totalCount) }
        guard isGoodSource(header.source, on: index) else {
            interfaces[index].drop(.badSource)
            return
        }
        if index != 0, let filter {
            if header.isFragment, filter.needsWholePackets {
                reassemble(packet, header, on: index)
            } else {
                routeFiltered(packet, filter, on: index)
            }
            return
        }
        route(packet, header, on: index)
    }

    private func routeFiltered(
        _ packet: consuming Packet, _ filter: any ForwardingFilter, on index: Int
    ) {
        var packet = packet
        guard
            passes(
                filter.packetArrived(&packet, on: InterfaceID(index: index), at: now), packet,
                on: index)
        else { return }
        guard let changed = try? IPv4Header(packet.bytes, packetCount: packet.count) else {
            interfaces[index].drop(.badHeader)
            return
        }
        route(packet, changed, on: index)
    }

    /// A packet that came in pieces: for us, or for the filter to look at.
    func continueWhole(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        if index != 0, let filter, filter.needsWholePackets {
            routeFiltered(packet, filter, on: index)
            return
        }
        packet.transportOffset = header.byteCount
        deliver(packet, header, on: index)
    }

    private func route(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        switch destination(of: header, on: index) {
        case .ours:
            packet.transportOffset = header.byteCount
            if header.isFragment {
                reassemble(packet, header, on: index)
            } else {
                deliver(packet, header, on: index)
            }
        case .group:
            packet.isForGroup = true
            packet.transportOffset = header.byteCount
            if header.isFragment {
                reassemble(packet, header, on: index)
            } else {
                deliver(packet, header, on: index)
            }
        case .others:
            guard isForwarding, !packet.isForGroup else {
                interfaces[index].drop(.notForUs)
                return
            }
            forwardIPv4(packet, header, on: index)
        case .nobody: interfaces[index].drop(.notForUs)
        }
    }

    /// RFC 1122 section 3.2.1.3: a sender is one station, and our own address comes from
    /// ourselves only.
    @inline(__always)
    private func isGoodSource(_ source: IPv4Address, on index: Int) -> Bool {
        if index == 0 { return true }
        guard source.isUnicast, !source.isLoopback else {
            // A client of DHCP or IGMP has none yet.
            return source.isUnspecified
        }
        return !interfaces[index].owns(IPv6Address(mapping: source))
    }

    enum Destination {
        case ours
        case group
        case others
        case nobody
    }

    @inline(__always)
    private func destination(of header: IPv4Header, on index: Int) -> Destination {
        let target = IPv6Address(mapping: header.target)
        if interfaces[index].owns(target) { return .ours }
        return otherDestination(header.target, target, on: index)
    }

    private func otherDestination(
        _ address: IPv4Address, _ target: IPv6Address, on index: Int
    ) -> Destination {
        if index == 0 { return isOurs(target) ? .ours : .nobody }
        if address.isBroadcast || interfaces[index].isSubnetBroadcast(address) { return .group }
        if address.isMulticast {
            return address == .allHosts || isMember(of: target, on: index) ? .group : .nobody
        }
        // DHCP: answers come to an address that we do not have yet, to our station.
        if !address.isUnicast || address.isLoopback { return .nobody }
        if isForwarding, isOurs(target) { return .ours }
        return .others
    }

    /// Hands a whole packet to its protocol.
    @inline(__always)
    func deliver(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        if header.protocolNumber == ProtocolNumber.udp {
            receiveUDP(
                packet, from: IPv6Address(mapping: header.source),
                to: IPv6Address(mapping: header.target), on: index)
            return
        }
        deliverOther(packet, header, on: index)
    }

    private func deliverOther(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        switch header.protocolNumber {
        case ProtocolNumber.icmp: receiveICMPv4(packet, header, on: index)
        case ProtocolNumber.igmp: receiveIGMP(packet, header, on: index)
        default:
            interfaces[index].drop(.unknownProtocol)
            sendICMPv4Error(
                ICMPv4Type.unreachable, code: ICMPv4Type.protocolUnreachable, about: packet,
                on: index)
        }
    }

    /// What a filter's verdict means.
    func passes(
        _ verdict: ForwardingVerdict, _ packet: borrowing Packet, on index: Int
    ) -> Bool {
        switch verdict {
        case .pass: return true
        case .drop: break
        case .reject: sendProhibited(about: packet, on: index)
        }
        interfaces[index].drop(.prohibited)
        return false
    }
}
