// Feeds the readers of addresses and of configurations with any texts.

import Glibc

@testable import TCPIP

/// What libFuzzer calls with each input, a text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let text = String(decoding: bytes, as: UTF8.self)
    readAddresses(text)
    readEndpoints(text)
    readConfigurations(text)
    return 0
}

/// The C library is of the same opinion.
private func reference(_ text: String, _ family: CInt) -> Bool {
    var buffer = (UInt64(0), UInt64(0))
    return inet_pton(family, text, &buffer) == 1
}

private func readAddresses(_ text: String) {
    let hasZero = text.utf8.contains(0)
    let four = IPv4Address(text)
    let six = IPv6Address(text)
    if !hasZero {
        precondition((four != nil) == reference(text, AF_INET), "IPv4 as the C library")
        precondition((six != nil) == reference(text, AF_INET6), "IPv6 as the C library")
    }
    if let four { precondition(four.description == text, "IPv4 has one form") }
    if let six {
        precondition(IPv6Address(six.description) == six, "IPv6 reads as it is written")
        precondition(six.description.utf8.count <= 45, "IPv6 is short")
    }
    if let address = MACAddress(text) {
        precondition(MACAddress(address.description) == address, "a MAC reads as it is written")
    }
    if let prefix = IPv4Prefix(text) {
        precondition(prefix.description == text, "a block of IPv4 has one form")
    }
    if let prefix = IPv6Prefix(text) {
        precondition(IPv6Prefix(prefix.description) == prefix, "a block reads as it is written")
    }
}

private func readEndpoints(_ text: String) {
    if let endpoint = Endpoint(text) {
        precondition(Endpoint(endpoint.description) == endpoint, "reads as it is written")
    }
    _ = Endpoint(uri: text)
    guard let name = DNSName(text) else { return }
    precondition(name.wireBytes.count <= DNSName.byteLimit, "a name has a limit")
    precondition(DNSName(name.description) == name, "a name reads as it is written")
    precondition(name.isWithin(name.parent) && name.isWithin(.root), "a name is below its own")
    var position = 0
    let read = try? DNSName(reading: name.wireBytes.span.bytes, at: &position)
    precondition(read == name && position == name.wireBytes.count, "a name is well formed")
}

private func readConfigurations(_ text: String) {
    do {
        let configuration = try InterfaceConfiguration(text)
        if case .fixed(let address, let prefix) = configuration.ipv4 {
            precondition(prefix.isHost(address), "an address that a host can have")
            if let gateway = configuration.gateway {
                precondition(prefix.contains(gateway) && gateway != address, "a neighbour")
            }
        } else {
            precondition(configuration.gateway == nil, "a gateway beside an address")
        }
        precondition(configuration.nameServers.count <= DNSConfiguration.serverLimit, "bounded")
    } catch {
        let line = error.description.utf8
        precondition(line.count < 250 && line.allSatisfy { 0x20...0x7E ~= $0 }, "one short line")
    }
    let words = text.split(separator: " ", maxSplits: 8).map(String.init)
    _ = try? NetworkConfiguration(arguments: words)
    _ = DNSHosts(file: text)
}
