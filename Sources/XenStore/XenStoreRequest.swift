// Requests as they are sent: each kind's payload, checked before anything goes out.
//
// Source: xenstore.txt, "Xenstore protocol details".

import CXen
import XenTypes

/// One request to the store, known to be within the protocol's rules.
public struct XenStoreRequest: Equatable, Sendable {
    let type: MessageType
    let payload: [UInt8]

    /// A request of strings, each with a terminator behind it, and bytes without one.
    private init(
        _ type: MessageType, _ strings: [String], _ rest: [UInt8] = []
    ) throws(XenStoreError) {
        var payload: [UInt8] = []
        for string in strings {
            payload.append(contentsOf: string.utf8)
            payload.append(0)
        }
        payload.append(contentsOf: rest)
        guard payload.count <= Int(XENSTORE_PAYLOAD_MAX) else {
            throw .tooLong(byteCount: payload.count)
        }
        self.type = type
        self.payload = payload
    }

    /// For kinds whose payloads are short and need no check.
    private init(_ type: MessageType, unchecked payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }

    private static func node(
        _ type: MessageType, _ path: String, _ rest: [UInt8] = []
    ) throws(XenStoreError) -> Self {
        try XenStorePath.check(path)
        return try Self(type, [path], rest)
    }

    static func read(_ path: String) throws(XenStoreError) -> Self { try node(.read, path) }

    static func directory(_ path: String) throws(XenStoreError) -> Self {
        try node(.directory, path)
    }

    /// Names of children from byte `offset` of the whole list on.
    static func directoryPart(_ path: String, offset: Int) throws(XenStoreError) -> Self {
        try node(.directoryPart, path, Decimal.bytes(UInt64(offset)) + [0])
    }

    static func write(_ path: String, _ value: [UInt8]) throws(XenStoreError) -> Self {
        try node(.write, path, value)
    }

    static func makeDirectory(_ path: String) throws(XenStoreError) -> Self {
        try node(.makeDirectory, path)
    }

    static func remove(_ path: String) throws(XenStoreError) -> Self { try node(.remove, path) }

    /// The special paths have permissions, too.
    static func permissions(_ path: String) throws(XenStoreError) -> Self {
        try XenStorePath.check(path, for: .watch)
        return try Self(.permissions, [path])
    }

    static func setPermissions(
        _ path: String, _ permissions: [XenStorePermission]
    ) throws(XenStoreError) -> Self {
        try XenStorePath.check(path, for: .watch)
        // An empty list has no owner. The store says EINVAL, and so do we.
        guard !permissions.isEmpty else { throw .refused(.invalidArgument) }
        return try Self(.setPermissions, [path], permissions.flatMap { $0.encoded + [0] })
    }

    /// For a path that is known to be one.
    static func watch(_ path: [UInt8], token: UInt64) -> Self {
        Self(.watch, unchecked: path + [0] + Decimal.bytes(token) + [0])
    }

    /// For a path that is known to be one.
    static func unwatch(_ path: [UInt8], token: UInt64) -> Self {
        Self(.unwatch, unchecked: path + [0] + Decimal.bytes(token) + [0])
    }

    static var transactionStart: Self { Self(.transactionStart, unchecked: [0]) }

    static func transactionEnd(commits: Bool) -> Self {
        Self(.transactionEnd, unchecked: [UInt8(ascii: commits ? "T" : "F"), 0])
    }

    static func domainPath(of domain: DomainID) -> Self { aboutDomain(.domainPath, domain) }
    static func isIntroduced(_ domain: DomainID) -> Self { aboutDomain(.isIntroduced, domain) }
    static func release(_ domain: DomainID) -> Self { aboutDomain(.release, domain) }

    static func introduce(_ domain: DomainID, frame: GuestFrame, port: Port) -> Self {
        let numbers = [UInt64(domain.rawValue), frame.rawValue, UInt64(port.rawValue)]
        return Self(.introduce, unchecked: numbers.flatMap { Decimal.bytes($0) + [0] })
    }

    private static func aboutDomain(_ type: MessageType, _ domain: DomainID) -> Self {
        Self(type, unchecked: Decimal.bytes(UInt64(domain.rawValue)) + [0])
    }

    /// Whether doing it twice leaves what doing it once does, so that it may be sent again over
    /// a new connection when nobody knows what became of it. Whatever belongs to a transaction
    /// ended with the old connection and is not covered by this.
    ///
    /// - Looking is free.
    /// - A write, a removal or new permissions come out the same; what another domain did to
    ///   the node between the two is undone, as if the first had taken so long.
    /// - A transaction that was started ended with the connection; a watch, too.
    /// - To introduce or release a domain has effects of its own each time.
    var isRepeatable: Bool { type != .introduce && type != .release }

    /// The message as it goes out.
    func message(id: UInt32, transaction: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(MessageHeader.byteCount + payload.count)
        MessageHeader(
            type: type, request: id, transaction: transaction, payloadByteCount: payload.count
        ).append(to: &bytes)
        bytes.append(contentsOf: payload)
        return bytes
    }
}
