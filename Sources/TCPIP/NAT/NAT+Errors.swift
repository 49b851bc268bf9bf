// ICMP errors, which quote a packet that was translated before them.
//
// Source: RFC 5508 sections 4.2 and 4.3: the quoted packet is translated back, and nothing is begun
// or prolonged.

extension NAT {
    /// An error from the world about a packet of a host inside.
    mutating func incomingError(
        _ packet: inout MutableRawSpan, _ view: TranslatablePacket
    ) -> NATVerdict {
        guard let quoted = quoted(packet.bytes, view) else { return .drop(.malformed) }
        // About a packet of this host itself: it has no mapping.
        guard quoted.source.address == configuration.outsideAddress,
            let mapping = table.mapping(outsidePort: quoted.source.port, quoted.natProtocol)
        else { return .deliver }
        // Who has not seen the packet cannot name its destination: others are not believed.
        guard table.session(mapping, with: quoted.destination) != nil else {
            return .drop(.notInvited)
        }
        let inside = table.mappings[mapping].inside
        let changes = quoted.rewrite(&packet, source: inside)
        finish(&packet, view, changes, destination: inside)
        return .forward
    }

    /// An error from inside about a packet of the world.
    mutating func outgoingError(
        _ packet: inout MutableRawSpan, _ view: TranslatablePacket
    ) -> NATVerdict {
        guard let quoted = quoted(packet.bytes, view) else { return .drop(.malformed) }
        guard let mapping = table.mapping(inside: quoted.destination, quoted.natProtocol),
            table.session(mapping, with: quoted.source) != nil
        else { return .drop(.noConnection) }
        let port = table.mappings[mapping].outsidePort
        let outside = NATEndpoint(configuration.outsideAddress, port)
        let changes = quoted.rewrite(&packet, destination: outside)
        finish(&packet, view, changes, source: outside)
        return .forward
    }

    private func quoted(_ bytes: RawSpan, _ view: TranslatablePacket) -> TranslatablePacket? {
        // Behind the eight bytes of the ICMP header (RFC 792). Never past the packet's own end.
        let whole = bytes.extracting(first: min(view.end, bytes.byteCount))
        return try? TranslatablePacket(whole, at: view.transport + 8, isQuoted: true)
    }

    /// The packet around: its own addresses, and a checksum over all that it quotes.
    private func finish(
        _ packet: inout MutableRawSpan, _ view: TranslatablePacket, _ changes: ChecksumDelta,
        source: NATEndpoint? = nil, destination: NATEndpoint? = nil
    ) {
        _ = PacketWords.update(&packet, checksumAt: view.transport + 2, changes)
        view.rewrite(
            &packet, source: source, destination: destination, hasBlankChecksum: true)
    }

    /// A packet that came in is about to be quoted in an error of this host's own: it gets back the
    /// destination that it was sent to. `packet`: its beginning.
    public func restoreQuoted(_ packet: inout MutableRawSpan) {
        guard let view = try? TranslatablePacket(packet.bytes, isQuoted: true),
            let mapping = table.mapping(inside: view.destination, view.natProtocol),
            table.session(mapping, with: view.source) != nil
        else { return }
        let port = table.mappings[mapping].outsidePort
        _ = view.rewrite(
            &packet, destination: NATEndpoint(configuration.outsideAddress, port))
    }
}
