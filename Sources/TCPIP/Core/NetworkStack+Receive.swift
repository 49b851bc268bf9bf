// Frames in.

extension NetworkStack {
    /// Time goes on, if it does: what a caller says of the time is never believed backwards.
    @inline(__always)
    func enter(_ time: NetworkTime) {
        if time > now { now = time }
    }

    /// What goes to ourselves is taken in before a call ends. Bounded: what answers itself goes on
    /// at the next call.
    @inline(__always)
    func leave() {
        if !loopbackQueue.isEmpty { drainLoopback() }
    }

    private func drainLoopback() {
        for _ in 0..<256 {
            guard let packet = loopbackQueue.popFirst() else { return }
            interfaces[0].statistics.receivedPackets &+= 1
            interfaces[0].statistics.sentPackets &+= 1
            receiveIP(packet, on: 0)
        }
        schedule(now)
    }

    /// Takes in a batch of frames, each of which begins with Ethernet's header.
    public func receive(_ frames: inout PacketQueue, on id: InterfaceID, at time: NetworkTime) {
        enter(time)
        guard id.index > 0, id.index < interfaceCount else {
            frames.removeAll()
            return
        }
        while let frame = frames.popFirst() { receiveFrame(frame, on: id.index) }
        leave()
    }

    /// Takes in a frame, which begins with Ethernet's header.
    public func receive(_ frame: consuming Packet, on id: InterfaceID, at time: NetworkTime) {
        enter(time)
        guard id.index > 0, id.index < interfaceCount else { return }
        receiveFrame(frame, on: id.index)
        leave()
    }

    private func receiveFrame(_ frame: consuming Packet, on index: Int) {
        var packet = frame
        let interface = interfaces + index
        interface.pointee.statistics.receivedPackets &+= 1
        interface.pointee.statistics.receivedBytes &+= UInt64(truncatingIfNeeded: packet.count)
        guard interface.pointee.isUp else {
            interface.pointee.drop(.notForUs)
            return
        }
        // Headers are looked at in one piece: Ethernet's and as much as most packets have. What
        // needs more pulls it up itself.
        guard packet.firstCount >= 96 || packet.pullUp(min(packet.count, 96)),
            packet.firstCount >= EthernetHeader.byteCount
        else {
            interface.pointee.drop(.truncated)
            return
        }
        let header = EthernetHeader(packet.bytes)
        guard header.target == interface.pointee.mac || header.target.isMulticast else {
            interface.pointee.drop(.notForUs)
            return
        }
        packet.removeFirst(EthernetHeader.byteCount)
        packet.buffer.pointee.interface = UInt16(truncatingIfNeeded: index)
        packet.isForGroup = header.target.isMulticast
        switch header.type {
        case EthernetHeader.ipv4: receiveIPv4(packet, on: index)
        case EthernetHeader.ipv6: receiveIPv6(packet, on: index)
        case EthernetHeader.arp: receiveARP(packet, from: header.source, on: index)
        default: interface.pointee.drop(.unknownFrame)
        }
    }

    /// A packet without a frame, by its version.
    private func receiveIP(_ packet: consuming Packet, on index: Int) {
        var packet = packet
        packet.buffer.pointee.interface = UInt16(truncatingIfNeeded: index)
        packet.isForGroup = false
        guard packet.pullUp(min(packet.count, 96)), packet.firstCount > 0 else { return }
        if packet.bytes.byte(0) >> 4 == 4 {
            receiveIPv4(packet, on: index)
        } else {
            receiveIPv6(packet, on: index)
        }
    }
}

extension Packet {
    /// Whether the frame was a group's: nothing is answered that would make one packet many.
    @inline(__always)
    var isForGroup: Bool {
        get { buffer.pointee.fragmentCount & 0x8000_0000 != 0 }
        nonmutating set {
            let others = buffer.pointee.fragmentCount & 0x7FFF_FFFF
            buffer.pointee.fragmentCount = others | (newValue ? 0x8000_0000 : 0)
        }
    }

    /// Whether the packet came with IPv6's header of fragments.
    @inline(__always)
    var wasFragmented: Bool {
        get { buffer.pointee.fragmentCount & 0x4000_0000 != 0 }
        nonmutating set {
            let others = buffer.pointee.fragmentCount & 0xBFFF_FFFF
            buffer.pointee.fragmentCount = others | (newValue ? 0x4000_0000 : 0)
        }
    }

    /// The interface it came through.
    @inline(__always)
    var interfaceIndex: Int { Int(buffer.pointee.interface) }

    /// Where the transport's header begins; the packet begins with IP's.
    @inline(__always)
    var transportOffset: Int {
        get { Int(buffer.pointee.transportOffset) }
        nonmutating set { buffer.pointee.transportOffset = UInt16(truncatingIfNeeded: newValue) }
    }
}
