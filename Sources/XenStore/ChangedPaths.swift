// What a watch has to tell, while nobody listens: few paths, whatever the store sends.

/// Paths that changed, each once, in the order in which they first did.
struct ChangedPaths {
    /// Paths that are kept apart. With one more, all become the watched path.
    static var limit: Int { 32 }

    /// The path that is watched.
    let watched: [UInt8]
    private var paths: [[UInt8]] = []

    init(watched: [UInt8]) { self.watched = watched }

    var isEmpty: Bool { paths.isEmpty }

    /// Notes a change. What is no path at or below the watched one, or one too many, counts as
    /// a change of the watched path: whoever looks there again misses nothing.
    mutating func insert(_ path: [UInt8]) {
        let isSound =
            XenStorePath.isValid(path.span, for: .watch)
            && XenStorePath.isWithin(path.span, watched.span)
        let known = isSound ? path : watched
        guard !paths.contains(known) else { return }
        if paths.count == Self.limit {
            paths = [watched]
        } else {
            paths.append(known)
        }
    }

    /// The path that has waited longest.
    mutating func popFirst() -> [UInt8]? { paths.isEmpty ? nil : paths.removeFirst() }
}
