// What can go wrong with a request to the store.

/// Why the store did not do what it was asked, or why that is not known.
public enum XenStoreError: Error, Equatable, Sendable {
    /// The store said no, in its own word. Whether that passes depends on the word.
    case refused(XenStoreRefusal)
    /// No path by the protocol's rules; nothing was sent. Permanent.
    case invalidPath(String)
    /// A payload of so many bytes, of which 4096 are allowed; nothing was sent. Permanent.
    case tooLong(byteCount: Int)
    /// The connection was made anew or is gone. The request may have been done or not; only
    /// requests that cannot simply be repeated end in this while a connection can be had.
    case connectionLost
    /// The store answered, but not with what the protocol has for an answer.
    case malformedReply
    /// A transaction met somebody else's changes each time that it was tried.
    case conflict(attempts: Int)
    /// The task was cancelled. A request that was on its way may have been done.
    case cancelled
    /// There is no store to ask.
    case unavailable

    /// Whether nothing is at the path that was asked for (`ENOENT`).
    public var isNotFound: Bool { self == .refused(.notFound) }
}

extension XenStoreError: CustomStringConvertible {
    /// A line for a log.
    public var description: String {
        switch self {
        case .refused(let refusal): "the store refused: \(refusal.rawValue)"
        case .invalidPath(let path): "no path of the store: \(path)"
        case .tooLong(let byteCount): "\(byteCount) bytes are more than a request can have"
        case .connectionLost: "the connection to the store was lost"
        case .malformedReply: "the store gave no proper answer"
        case .conflict(let attempts): "others were faster in all of \(attempts) attempts"
        case .cancelled: "cancelled"
        case .unavailable: "there is no store"
        }
    }
}
