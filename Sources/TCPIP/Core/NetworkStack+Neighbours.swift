// Frames to neighbours, and the asking for their addresses.
//
// Source: RFC 4861 sections 7.2 and 7.3; RFC 1122 section 2.3.2.2 for ARP, which is treated alike.

/// Constants of address resolution (RFC 4861 section 10).
enum Resolution {
    /// MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT.
    static let solicitLimit: UInt8 = 3
    /// DELAY_FIRST_PROBE_TIME.
    static let delaySeconds: UInt64 = 5
    /// How long a neighbour that did not answer is not asked again.
    static let failedSeconds: UInt64 = 3
}

extension NetworkStack {
    /// Sends an IP packet on its way: Ethernet's header, and to the queue; or to those that wait
    /// for the next hop's address.
    @inline(__always)
    func send(_ packet: consuming Packet, along path: inout NetworkPath) {
        switch path.link {
        case .neighbour(let slot):
            // A socket that sends again finds its neighbour where it was.
            if slot >= 0, neighbours.isAt(slot, path.nextHop, on: path.interface) {
                send(packet, to: slot, on: path.interface, isIPv4: path.target.isIPv4)
                return
            }
            guard let slot = neighbour(path.nextHop, on: path.interface) else {
                interfaces[path.interface].drop(.neighboursFull)
                return
            }
            path.link = .neighbour(slot)
            send(packet, to: slot, on: path.interface, isIPv4: path.target.isIPv4)
        case .group(let group):
            transmit(packet, to: group, on: path.interface, isIPv4: path.target.isIPv4)
        case .loopback:
            // What waits for the call's end is bounded: a packet to ourselves makes one at most.
            guard loopbackQueue.count < limits.transmitQueue else {
                interfaces[0].drop(.transmitFull)
                return
            }
            loopbackQueue.append(packet)
            schedule(now)
        }
    }

    /// A neighbour's place, made where there was none.
    func neighbour(_ address: IPv6Address, on interface: Int) -> Int? {
        if let slot = neighbours.find(address, on: interface) { return slot }
        // Even of those that are there the longest unused goes, or a table full of them would
        // refuse everybody new. While the new one is asked for it is below them, so that a flood
        // of made-up ones takes one of eight places.
        guard
            let slot = neighbours.make(
                address, on: interface, rank: Neighbour.highestRank, at: now)
        else { return nil }
        neighbours.entries[slot].state = .incomplete
        neighbours.entries[slot].isWanted = true
        neighbours.entries[slot].deadline = now
        schedule(now)
        return slot
    }

    @inline(__always)
    private func send(
        _ packet: consuming Packet, to slot: Int, on interface: Int, isIPv4: Bool
    ) {
        let entry = neighbours.entries + slot
        if entry.pointee.state != .reachable || entry.pointee.deadline <= now {
            guard isUsable(slot) else {
                enqueue(packet, for: slot, on: interface)
                return
            }
        }
        entry.pointee.lastUsed = now
        transmit(packet, to: entry.pointee.mac, on: interface, isIPv4: isIPv4)
    }

    /// Whether a neighbour that is not known to be reachable has an address all the same; then it
    /// will be asked whether it is there.
    private func isUsable(_ slot: Int) -> Bool {
        let entry = neighbours.entries + slot
        entry.pointee.isWanted = true
        switch entry.pointee.state {
        case .reachable, .stale:
            entry.pointee.state = .delay
            entry.pointee.deadline = now.advanced(bySeconds: Resolution.delaySeconds)
            schedule(entry.pointee.deadline)
            return true
        case .delay, .probe: return true
        case .free, .incomplete, .failed: return false
        }
    }

    private func enqueue(_ packet: consuming Packet, for slot: Int, on interface: Int) {
        let entry = neighbours.entries + slot
        if entry.pointee.state == .failed {
            interfaces[interface].drop(.unresolved)
            return
        }
        if entry.pointee.pending.count >= limits.packetsPerNeighbour {
            // The oldest goes (RFC 4861 section 7.2.2).
            _ = entry.pointee.pending.popFirst()
            neighbours.pendingCount -= 1
            interfaces[interface].drop(.neighboursFull)
        }
        guard neighbours.pendingCount < limits.unresolvedPackets else {
            interfaces[interface].drop(.neighboursFull)
            return
        }
        entry.pointee.pending.append(packet)
        neighbours.pendingCount += 1
    }

    /// Ethernet's header, and into the interface's queue.
    @inline(__always)
    func transmit(
        _ packet: consuming Packet, to target: MACAddress, on interface: Int, isIPv4: Bool
    ) {
        var packet = packet
        packet.prependEthernet(
            to: target, from: interfaces[interface].mac,
            type: isIPv4 ? EthernetHeader.ipv4 : EthernetHeader.ipv6)
        transmit(packet, on: interface)
    }

    /// A frame into the interface's queue.
    @inline(__always)
    func transmit(_ frame: consuming Packet, on interface: Int) {
        guard interfaces[interface].transmitQueue.count < limits.transmitQueue,
            interfaces[interface].isUp
        else {
            interfaces[interface].drop(.transmitFull)
            return
        }
        interfaces[interface].statistics.sentPackets &+= 1
        interfaces[interface].statistics.sentBytes &+= UInt64(truncatingIfNeeded: frame.count)
        interfaces[interface].transmitQueue.append(frame)
    }

    /// What a neighbour's answer or claim said.
    ///
    /// - Parameters:
    ///   - isSolicited: we asked, so that it is there.
    ///   - isOverriding: another address than the known one counts.
    func update(
        _ slot: Int, mac: MACAddress, isSolicited: Bool, isOverriding: Bool, on interface: Int
    ) {
        let entry = neighbours.entries + slot
        let isKnown = entry.pointee.state != .incomplete && entry.pointee.state != .failed
        let isOther = entry.pointee.mac != mac
        if isKnown, isOther, !isOverriding {
            // RFC 4861 section 7.2.5: the known one is doubted, not replaced.
            if entry.pointee.state == .reachable { entry.pointee.state = .stale }
            return
        }
        entry.pointee.mac = mac
        if isSolicited {
            entry.pointee.state = .reachable
            let span = interfaces[interface].routers.reachableMilliseconds
            // RFC 4861 section 6.3.2: half as much to half as much again.
            entry.pointee.deadline = now.advanced(
                byMilliseconds: span / 2 + random(below: span))
        } else if isOther || !isKnown {
            entry.pointee.state = .stale
            entry.pointee.deadline = .never
        }
        entry.pointee.probesSent = 0
        flushPending(slot, on: interface)
    }

    private func flushPending(_ slot: Int, on interface: Int) {
        let isIPv4 = neighbours.entries[slot].address.isIPv4
        while let packet = neighbours.entries[slot].pending.popFirst() {
            neighbours.pendingCount -= 1
            send(packet, to: slot, on: interface, isIPv4: isIPv4)
        }
    }

    /// Learns of a neighbour that spoke first.
    func learn(_ address: IPv6Address, mac: MACAddress, on interface: Int) -> Int? {
        if let slot = neighbours.find(address, on: interface) {
            update(slot, mac: mac, isSolicited: false, isOverriding: true, on: interface)
            return slot
        }
        guard
            let slot = neighbours.make(
                address, on: interface, rank: Neighbour.claimedRank, at: now)
        else { return nil }
        neighbours.entries[slot].state = .stale
        neighbours.entries[slot].mac = mac
        return slot
    }

    /// Does what is due for a neighbour: asks, asks again, gives up.
    func stepNeighbour(_ slot: Int) {
        let entry = neighbours.entries + slot
        let interface = entry.pointee.interface
        switch entry.pointee.state {
        case .free, .stale, .reachable: return
        case .failed:
            neighbours.remove(slot)
            return
        case .delay:
            entry.pointee.state = .probe
            entry.pointee.probesSent = 0
        case .incomplete, .probe: break
        }
        guard entry.pointee.probesSent < Resolution.solicitLimit else {
            giveUp(slot, on: interface)
            return
        }
        entry.pointee.probesSent += 1
        let known = entry.pointee.state == .probe ? entry.pointee.mac : nil
        solicit(entry.pointee.address, mac: known, on: interface)
        entry.pointee.deadline = now.advanced(
            byMilliseconds: interfaces[interface].routers.retransmitMilliseconds)
        schedule(entry.pointee.deadline)
    }

    private func giveUp(_ slot: Int, on interface: Int) {
        let entry = neighbours.entries + slot
        entry.pointee.state = .failed
        entry.pointee.deadline = now.advanced(bySeconds: Resolution.failedSeconds)
        schedule(entry.pointee.deadline)
        while let packet = entry.pointee.pending.popFirst() {
            neighbours.pendingCount -= 1
            interfaces[interface].drop(.unresolved)
            hostUnreachable(packet, isIPv4: entry.pointee.address.isIPv4)
        }
    }

    private func solicit(_ address: IPv6Address, mac: MACAddress?, on interface: Int) {
        guard let source = source(for: address, on: interface) else { return }
        if address.isIPv4 {
            sendARPRequest(
                for: address.embeddedIPv4, from: source.embeddedIPv4, to: mac ?? .broadcast,
                on: interface)
        } else {
            sendNeighbourSolicitation(for: address, to: mac, from: source, on: interface)
        }
    }
}
