// The list of a node's children, which may be longer than a message.
//
// Source: xenstore.txt, "DIRECTORY_PART".

extension XenStoreOperations {
    /// The names of a node's children.
    public func list(_ path: String) async throws(XenStoreError) -> [String] {
        do throws(XenStoreError) {
            let payload = ReplyPayload(try await perform(.directory(path)))
            guard let names = payload.names else { throw .malformedReply }
            return names
        } catch {
            guard error == .refused(.tooBig) else { throw error }
        }
        do throws(XenStoreError) {
            return try await listInParts(path)
        } catch {
            // A store without parts; that the list is too big is what the caller can act on.
            throw error == .refused(.notImplemented) ? .refused(.tooBig) : error
        }
    }

    private func listInParts(_ path: String) async throws(XenStoreError) -> [String] {
        var list = PartialList()
        while true {
            let request = try XenStoreRequest.directoryPart(path, offset: list.byteCount)
            guard let part = ReplyPayload(try await perform(request)).part else {
                throw .malformedReply
            }
            if try list.append(part) { return list.names }
        }
    }
}

/// A list that comes in parts, and may change in between.
struct PartialList {
    /// Bytes of names, terminators included, that a list may have.
    static var byteLimit: Int { 1 << 20 }
    /// Times that a list may change while it is read.
    static var changeLimit: Int { 64 }

    private(set) var names: [String] = []
    /// Where in the list the next part starts.
    private(set) var byteCount = 0
    private var generation: UInt64?
    private var changeCount = 0

    init() {}

    /// Takes a part; of a list that has changed, nothing is kept.
    ///
    /// - Returns: whether the list is whole.
    mutating func append(_ part: ReplyPayload.Part) throws(XenStoreError) -> Bool {
        guard generation == nil || generation == part.generation else {
            changeCount += 1
            guard changeCount <= Self.changeLimit else { throw .refused(.tooBig) }
            (names, byteCount, generation) = ([], 0, nil)
            return false
        }
        generation = part.generation
        byteCount += part.byteCount
        guard byteCount <= Self.byteLimit else { throw .refused(.tooBig) }
        names.append(contentsOf: part.names)
        return part.isLast
    }
}
