// What can be asked of the store, within a transaction and without.

/// The operations that a client and a transaction have in common.
///
/// A path is absolute, or relative to the domain's own directory `/local/domain/N`. It has
/// letters, digits and `-/_@`, no `//` and no `/` at its end, and at most 3072 bytes, a relative
/// one 2048. What breaks these rules is ``XenStoreError/invalidPath(_:)`` before anything is
/// sent. Every operation throws ``XenStoreError/cancelled`` as soon as its task is cancelled.
public protocol XenStoreOperations: AnyObject, Sendable {
    /// Sends a request and waits for its answer: what all other operations come down to.
    ///
    /// - Returns: the payload of the answer, at most 4096 bytes of any content.
    func perform(_ request: XenStoreRequest) async throws(XenStoreError) -> [UInt8]

    /// The value at a path, as text; bytes that are not UTF-8 come out as U+FFFD.
    ///
    /// - Throws: `ENOENT` where nothing is, `EACCES` where this domain may not look.
    func read(_ path: String) async throws(XenStoreError) -> String
    /// The value at a path, at most 4096 bytes, as it is.
    func readBytes(_ path: String) async throws(XenStoreError) -> [UInt8]
    /// The value at a path as text; nil where nothing is.
    func readIfPresent(_ path: String) async throws(XenStoreError) -> String?
    /// Stores a value, and makes the node and those above it where they do not exist.
    ///
    /// - Throws: what ``write(_:bytes:)`` throws.
    func write(_ path: String, _ value: String) async throws(XenStoreError)
    /// Stores a value of any bytes, and makes the node and those above it where they do not
    /// exist.
    ///
    /// - Throws: a quota's refusal (``XenStoreRefusal/isQuota``), `EACCES`, and `tooLong` where
    ///   path, a terminator and value have more than 4096 bytes. A store may allow less: 2048
    ///   for a node with all that belongs to it is usual.
    func write(_ path: String, bytes: [UInt8]) async throws(XenStoreError)
    /// Makes a node, and those above it, without a value; leaves an existing one as it is.
    func makeDirectory(_ path: String) async throws(XenStoreError)
    /// The names of a node's children, however many, in the store's order.
    ///
    /// - Throws: `E2BIG` where the list is longer than a message and the store cannot give it
    ///   in parts, or it has more than a mebibyte, or it changed all the time.
    func list(_ path: String) async throws(XenStoreError) -> [String]
    /// Removes a node and all below it. That there is none is no error, unless the node above
    /// it is missing, too (`ENOENT`).
    func remove(_ path: String) async throws(XenStoreError)
    /// Removes a node and all below it, if it is there.
    func removeIfPresent(_ path: String) async throws(XenStoreError)
    /// Who may do what at a node; the owner comes first.
    func permissions(of path: String) async throws(XenStoreError) -> [XenStorePermission]
    /// Says who may do what at a node. The first entry names the owner, whom only the control
    /// domain may change, and what others may do; there must be one.
    func setPermissions(
        _ permissions: [XenStorePermission], of path: String
    ) async throws(XenStoreError)
}

extension XenStoreOperations {
    /// The value at a path, as text; bytes that are not UTF-8 come out as U+FFFD.
    public func read(_ path: String) async throws(XenStoreError) -> String {
        String(decoding: try await readBytes(path), as: UTF8.self)
    }

    /// The value at a path, at most 4096 bytes, as it is.
    public func readBytes(_ path: String) async throws(XenStoreError) -> [UInt8] {
        try await perform(.read(path))
    }

    /// The value at a path as text; nil where nothing is.
    public func readIfPresent(_ path: String) async throws(XenStoreError) -> String? {
        do throws(XenStoreError) {
            return try await read(path)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Stores a value as UTF-8.
    public func write(_ path: String, _ value: String) async throws(XenStoreError) {
        try await write(path, bytes: Array(value.utf8))
    }

    /// Stores a value.
    public func write(_ path: String, bytes: [UInt8]) async throws(XenStoreError) {
        _ = try await perform(.write(path, bytes))
    }

    /// Makes a node without a value.
    public func makeDirectory(_ path: String) async throws(XenStoreError) {
        _ = try await perform(.makeDirectory(path))
    }

    /// Removes a node and all below it.
    public func remove(_ path: String) async throws(XenStoreError) {
        _ = try await perform(.remove(path))
    }

    /// Removes a node and all below it, if it is there.
    public func removeIfPresent(_ path: String) async throws(XenStoreError) {
        do throws(XenStoreError) {
            try await remove(path)
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    /// Who may do what at a node.
    public func permissions(
        of path: String
    ) async throws(XenStoreError) -> [XenStorePermission] {
        let payload = ReplyPayload(try await perform(.permissions(path)))
        guard let permissions = payload.permissions else { throw .malformedReply }
        return permissions
    }

    /// Says who may do what at a node.
    public func setPermissions(
        _ permissions: [XenStorePermission], of path: String
    ) async throws(XenStoreError) {
        _ = try await perform(.setPermissions(path, permissions))
    }
}
