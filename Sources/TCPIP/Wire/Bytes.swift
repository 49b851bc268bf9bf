// Numbers and addresses in a packet's bytes, in network order. Every access is checked against the
// view's bounds; what parses checks lengths first, so that no peer reaches the check.

extension RawSpan {
    /// A byte.
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// 16 bits.
    @inline(__always)
    func word(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// 32 bits.
    @inline(__always)
    func long(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// 64 bits.
    @inline(__always)
    func quad(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The address of a station.
    @inline(__always)
    func mac(_ offset: Int) -> MACAddress {
        MACAddress(rawValue: UInt64(word(offset)) << 32 | UInt64(long(offset + 2)))
    }

    /// An IPv4 address.
    @inline(__always)
    func ipv4(_ offset: Int) -> IPv4Address { IPv4Address(rawValue: long(offset)) }

    /// An IPv6 address.
    @inline(__always)
    func ipv6(_ offset: Int) -> IPv6Address {
        IPv6Address(high: quad(offset), low: quad(offset + 8))
    }
}

extension MutableRawSpan {
    /// Writes a byte.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ value: UInt8, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    /// Writes 16 bits.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Writes 32 bits.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Writes 64 bits.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ value: UInt64, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }

    /// Writes the address of a station.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ address: MACAddress, at offset: Int) {
        put(UInt16(truncatingIfNeeded: address.rawValue >> 32), at: offset)
        put(UInt32(truncatingIfNeeded: address.rawValue), at: offset + 2)
    }

    /// Writes an IPv4 address.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ address: IPv4Address, at offset: Int) { put(address.rawValue, at: offset) }

    /// Writes an IPv6 address.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func put(_ address: IPv6Address, at offset: Int) {
        put(address.high, at: offset)
        put(address.low, at: offset + 8)
    }
}

extension IPv6Address {
    /// The IPv4 address of ::ffff:0:0/96, for an address that is known to be one.
    @inline(__always)
    var embeddedIPv4: IPv4Address { IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)) }

    /// Whether this stands for an IPv4 address.
    @inline(__always)
    var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The address as applications see it.
    var ipAddress: IPAddress { isIPv4 ? .v4(embeddedIPv4) : .v6(self) }

    /// 0.0.0.0, as IPv4's addresses are kept.
    static var unspecifiedIPv4: IPv6Address { IPv6Address(high: 0, low: 0xFFFF_0000_0000) }

    /// No address, of either version.
    var isWildcard: Bool { high == 0 && (low == 0 || low == 0xFFFF_0000_0000) }

    /// A group, of either version.
    @inline(__always)
    var isGroup: Bool { isIPv4 ? (low >> 28) & 0xF == 0xE : isMulticast }
}
