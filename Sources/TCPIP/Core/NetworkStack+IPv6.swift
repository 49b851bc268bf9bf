// IPv6 in.
//
// Source: RFC 8200 sections 3 and 4.

extension NetworkStack {
    /// Takes in a packet.
    func receiveIPv6(_ packet: consuming Packet, on index: Int) {
        var packet = packet
        let header: IPv6Header
        do throws(DropReason) {
            header = try IPv6Header(packet.bytes, packetCount: packet.count)
        } catch {
            interfaces[index].drop(error)
            return
        }
        let total = IPv6Header.byteCount + header.payloadCount
        if packet.count > total { packet.truncate(to: total) }
        guard isGoodSource(header.source, on: index), !header.target.isIPv4,
            index == 0 || !header.target.isLoopback
        else {
            interfaces[index].drop(.badSource)
            return
        }
        if index != 0, let filter {
            guard
                passes(
                    filter.packetArrived(&packet, on: InterfaceID(index: index), at: now), packet,
                    on: index)
            else { return }
            guard let changed = try? IPv6Header(packet.bytes, packetCount: packet.count) else {
                interfaces[index].drop(.badHeader)
                return
            }
            route(packet, changed, on: index)
            return
        }
        route(packet, header, on: index)
    }

    private func isGoodSource(_ source: IPv6Address, on index: Int) -> Bool {
        // Addresses that stand for IPv4's are on no wire (RFC 4291 section 2.5.5.2).
        if source.isMulticast || source.isIPv4 { return false }
        if index == 0 { return true }
        return !source.isLoopback && !interfaces[index].owns(source)
    }

    private func route(_ packet: consuming Packet, _ header: IPv6Header, on index: Int) {
        let target = header.target
        if target.isMulticast {
            packet.isForGroup = true
            guard isMember(of: target, on: index) else {
                interfaces[index].drop(.notForUs)
                return
            }
        } else if !interfaces[index].owns(target) {
            // On an interface that is forwarded from, every address of ours is one.
            let isElsewhere = (index == 0 || isForwarding) && !target.isLinkLocal && isOurs(target)
            guard isElsewhere || (index == 0 && isOurs(target)) else {
                guard isForwarding, !packet.isForGroup, index != 0, !target.isUnspecified else {
                    interfaces[index].drop(.notForUs)
                    return
                }
                forwardIPv6(packet, header, on: index)
                return
            }
        }
        continueIPv6(packet, header, from: header.nextHeader, at: IPv6Header.byteCount, on: index)
    }

    /// Goes on behind IPv6's header, or behind a fragment's.
    func continueIPv6(
        _ packet: consuming Packet, _ header: IPv6Header, from next: UInt8, at offset: Int,
        on index: Int
    ) {
        if next == ProtocolNumber.udp {
            packet.transportOffset = offset
            receiveUDP(packet, from: header.source, to: header.target, on: index)
            return
        }
        walkIPv6(packet, header, from: next, at: offset, on: index)
    }

    private func walkIPv6(
        _ packet: consuming Packet, _ header: IPv6Header, from next: UInt8, at offset: Int,
        on index: Int
    ) {
        var packet = packet
        // Long headers are rare; what does not fit into 1280 bytes is not looked at.
        if next != ProtocolNumber.icmpv6 {
            _ = packet.pullUp(min(packet.count, IPv6Header.minimumMTU))
        }
        switch IPv6ExtensionChain.walk(packet.bytes, from: next, at: offset) {
        case .drop(let reason): interfaces[index].drop(reason)
        case .problem(let code, let pointer, let isForGroups):
            interfaces[index].drop(.unknownOption)
            sendICMPv6Error(
                ICMPv6Type.parameterProblem, code: code, parameter: UInt32(pointer), about: packet,
                on: index, evenToGroups: isForGroups)
        case .fragment(let place, let pointer):
            reassemble(packet, header, at: place, pointer: pointer, on: index)
        case .transport(let number, let start):
            packet.transportOffset = start
            deliver(packet, header, number, on: index)
        }
    }

    private func deliver(
        _ packet: consuming Packet, _ header: IPv6Header, _ number: UInt8, on index: Int
    ) {
        switch number {
        case ProtocolNumber.udp:
            receiveUDP(packet, from: header.source, to: header.target, on: index)
        case ProtocolNumber.icmpv6: receiveICMPv6(packet, header, on: index)
        case IPv6ExtensionChain.noNext: return
        default:
            interfaces[index].drop(.unknownProtocol)
            // The number that is not known stands in the header before (RFC 8200 section 4).
            let pointer = packet.transportOffset == IPv6Header.byteCount ? 6 : 40
            sendICMPv6Error(
                ICMPv6Type.parameterProblem, code: 1, parameter: UInt32(pointer), about: packet,
                on: index)
        }
    }
}
