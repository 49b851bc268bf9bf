// ARP: who has which IPv4 address.
//
// Source: RFC 826; RFC 5227 section 2 (probes, announcements, conflicts); RFC 1122 section 2.3.2.

extension NetworkStack {
    /// Takes in a message.
    func receiveARP(_ packet: consuming Packet, from ethernetSource: MACAddress, on index: Int) {
        guard let message = ARPMessage(packet.bytes) else {
            interfaces[index].drop(.badControl)
            return
        }
        // A station's address is not a group's, and who speaks for others in the frame's name
        // is no station at all.
        guard message.senderMAC.isUnicast, message.senderMAC == ethernetSource,
            message.senderMAC != interfaces[index].mac,
            message.sender.isUnspecified || message.sender.isUnicast
        else {
            interfaces[index].drop(.badControl)
            return
        }
        if detectConflict(message, on: index) { return }
        let target = IPv6Address(mapping: message.target)
        let isForUs = interfaces[index].owns(target)
        if !message.sender.isUnspecified { learn(from: message, isForUs: isForUs, on: index) }
        guard message.operation == ARPMessage.request, isForUs else { return }
        guard answerBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return
        }
        send(
            ARPMessage(
                operation: ARPMessage.reply, senderMAC: interfaces[index].mac,
                sender: message.target, targetMAC: message.senderMAC, target: message.sender),
            to: message.senderMAC, on: index)
    }

    /// Someone else uses, or probes for, an address that is ours or that we probe for.
    private func detectConflict(_ message: ARPMessage, on index: Int) -> Bool {
        if let place = interfaces[index].find(IPv6Address(mapping: message.sender)) {
            conflict(at: place, on: index)
            return true
        }
        // RFC 5227 section 2.1.1: another probe for what we probe for.
        guard message.sender.isUnspecified,
            let place = interfaces[index].find(IPv6Address(mapping: message.target)),
            interfaces[index].addresses[place].state == .tentative
        else { return false }
        conflict(at: place, on: index)
        return true
    }

    /// RFC 826 "Packet Reception": a known sender is updated; an unknown one is learnt when it
    /// asks for us.
    private func learn(from message: ARPMessage, isForUs: Bool, on index: Int) {
        let sender = IPv6Address(mapping: message.sender)
        let isReply = message.operation == ARPMessage.reply && isForUs
        if let slot = neighbours.find(sender, on: index) {
            update(
                slot, mac: message.senderMAC, isSolicited: isReply, isOverriding: true, on: index)
        } else if isForUs, message.operation == ARPMessage.request, isOnLink(sender, index) {
            _ = learn(sender, mac: message.senderMAC, on: index)
        }
    }

    /// Whether an address is of one of the interface's subnets.
    private func isOnLink(_ address: IPv6Address, _ index: Int) -> Bool {
        interfaces[index].addresses.firstIndex {
            $0.address.isIPv4
                && $0.address.commonPrefixLength(with: address) >= $0.prefixLength
        } != nil
    }

    /// Asks for an address, probes for it (`source` unspecified), or announces it (both alike).
    func sendARPRequest(
        for target: IPv4Address, from source: IPv4Address, to mac: MACAddress = .broadcast,
        on index: Int
    ) {
        send(
            ARPMessage(
                operation: ARPMessage.request, senderMAC: interfaces[index].mac, sender: source,
                targetMAC: .zero, target: target), to: mac, on: index)
    }

    private func send(_ message: ARPMessage, to target: MACAddress, on index: Int) {
        guard var packet = pool.makePacket() else {
            interfaces[index].drop(.poolEmpty)
            return
        }
        packet.extend(ARPMessage.byteCount)
        var bytes = packet.mutableBytes
        message.write(to: &bytes)
        packet.prependEthernet(to: target, from: interfaces[index].mac, type: EthernetHeader.arp)
        transmit(packet, on: index)
    }
}
