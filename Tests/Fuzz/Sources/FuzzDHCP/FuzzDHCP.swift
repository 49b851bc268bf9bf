// Feeds the reader of messages with any bytes, and a client with servers that say anything.

import InputReading

@testable import TCPIP

/// What libFuzzer calls with each input: the first byte says what the others are for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch first % 3 {
    case 0: read(rest)
    case 1: read(header + rest)
    default:
        var play = Play(rest)
        play.run()
    }
    return 0
}

private let hardware = MACAddress(0, 0x16, 0x3E, 0, 0, 1)

/// The fixed part of an acknowledgement, so that the input is all options.
private let header: [UInt8] = {
    var message = DHCPMessage(.acknowledge, transactionID: 1, hardwareAddress: hardware)
    message.isReply = true
    message.yourAddress = IPv4Address(10, 0, 0, 2)
    return Array(message.wireBytes.prefix(DHCPMessage.optionsStart))
}()

private func read(_ bytes: [UInt8]) {
    guard let message = try? DHCPMessage(reading: bytes.span.bytes) else { return }
    let total = message.options.values.reduce(0) { $0 + $1.count }
    precondition(total <= bytes.count, "options out of nothing")
    guard let again = try? DHCPMessage(reading: message.wireBytes.span.bytes) else {
        precondition(message.wireBytes.count > DHCPMessage.byteLimit, "cannot be read again")
        return
    }
    // Options in other fields are all in one place now, and say so no more.
    if message.options[DHCPOption.overload] == nil {
        precondition(again.options == message.options, "other options")
    }
    if let lease = try? DHCPLease(message) { expectSense(lease) }
}

private func expectSense(_ lease: DHCPLease) {
    precondition(lease.prefix.isHost(lease.address) && lease.prefix.length >= 8, "a host's")
    precondition(lease.seconds ?? .max >= DHCPLease.shortestSeconds, "a time to live")
    if let seconds = lease.seconds {
        precondition(lease.renewalSeconds < lease.rebindingSeconds, "T1 before T2")
        precondition(lease.rebindingSeconds < seconds, "T2 before the end")
    }
    precondition(lease.routes.count <= DHCPLease.routeLimit, "routes are bounded")
    precondition(lease.search.count <= DHCPLease.searchLimit, "domains are bounded")
    precondition(lease.mtu ?? 576 >= 576, "a link for everybody")
}

/// One client, and steps that the input chooses.
private struct Play {
    private var input: InputReader
    private var client: DHCPClient
    private var random = PlainRandom()
    private var now = NetworkTime(nanoseconds: 1)
    private var last: DHCPMessage?
    private var configured: DHCPLease?
    private var probed: IPv4Address?

    init(_ bytes: [UInt8]) {
        input = InputReader(bytes)
        client = DHCPClient(DHCPClientConfiguration(hardwareAddress: hardware))
    }

    mutating func run() {
        client.start(at: now, using: &random)
        perform()
        var steps = 0
        while !input.isAtEnd, steps < 500 {
            steps += 1
            step(input.byte())
            client.advance(to: now, using: &random)
            perform()
            check()
        }
    }

    private mutating func step(_ choice: UInt8) {
        switch choice % 8 {
        case 0, 1, 2: answer()
        case 3: now = now.advanced(bySeconds: UInt64(input.byte()) << UInt64(input.byte() % 16))
        case 4: if let probed { client.probeSucceeded(for: probed, at: now) }
        case 5:
            let address = input.byte() % 2 == 0 ? probed : configured?.address
            if let address { client.conflict(over: address, at: now, using: &random) }
        case 6: client.revalidate(at: now, using: &random)
        default:
            client.stop(using: &random)
            perform()
            client.start(at: now, using: &random)
        }
    }

    /// A right envelope around options of the input's choice.
    private mutating func answer() {
        guard let last else { return }
        let flags = input.byte()
        let type = DHCPMessageType(rawValue: flags & 7) ?? .offer
        var message = DHCPMessage(
            type, transactionID: last.transactionID, hardwareAddress: hardware)
        message.isReply = true
        message.yourAddress = IPv4Address(10, 0, 0, input.byte())
        message.set(DHCPOption.serverID, IPv4Address(10, 0, 0, 1 + flags >> 6))
        message.set(DHCPOption.leaseTime, IPv4Address(0, 0, input.byte(), input.byte()))
        message.set(DHCPOption.subnetMask, IPv4Address(255, 255, 255, 0))
        for _ in 0..<Int(flags >> 3 & 3) {
            let code = input.byte()
            let count = Int(input.byte() % 32)
            let content = input.take(count)
            message.options[code] = content
        }
        client.receive(message.wireBytes.span.bytes, at: now, using: &random)
    }

    private mutating func perform() {
        for action in client.takeActions() {
            switch action {
            case .send(let datagram, _, _):
                last = try? DHCPMessage(reading: datagram.span.bytes)
                precondition(last != nil, "sends what cannot be read")
            case .probe(let address): probed = address
            case .configure(let lease):
                configured = lease
                expectSense(lease)
            case .deconfigure:
                precondition(configured != nil, "takes away what was not there")
                configured = nil
            case .report: break
            }
        }
    }

    private func check() {
        precondition(configured?.address == client.lease?.address, "has what it says")
        precondition(client.lease == nil || client.timetable.expiry > now, "outlives its time")
        precondition(client.deadline > now || client.state == .stopped, "is never at rest")
    }
}
