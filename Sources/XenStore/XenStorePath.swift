// What the protocol takes for a path.
//
// Source: xenstore.txt, "Paths"; xen-headers/include/xen/xs_wire.h for the limits.

import CXen

/// The rules for paths, so that what breaks them is refused here and not by the store.
enum XenStorePath {
    /// What a path is meant for.
    enum Use {
        /// A node.
        case node
        /// A node, or one of the store's own events, `@releaseDomain` and the like.
        case watch
    }

    /// Throws what is wrong with a path.
    static func check(_ path: String, for use: Use = .node) throws(XenStoreError) {
        guard isValid(Array(path.utf8).span, for: use) else { throw .invalidPath(path) }
    }

    /// Whether the store would take this for a path. A relative one is of this domain's own
    /// directory.
    static func isValid(_ path: Span<UInt8>, for use: Use) -> Bool {
        guard path.count > 0 else { return false }
        let isAbsolute = path[0] == slash
        let limit = isAbsolute ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX
        guard path.count <= Int(limit) else { return false }
        if path[0] == at, use == .node { return false }
        var previous: UInt8 = 0
        for index in path.indices {
            let byte = path[index]
            guard isNameByte(byte) || byte == slash && previous != slash else { return false }
            previous = byte
        }
        return previous != slash || path.count == 1
    }

    /// Whether this can be the name of one child.
    static func isName(_ name: Span<UInt8>) -> Bool {
        guard name.count > 0 else { return false }
        for index in name.indices where !isNameByte(name[index]) { return false }
        return true
    }

    /// Whether the paths are equal, or `path` lies below `ancestor`.
    static func isWithin(_ path: Span<UInt8>, _ ancestor: Span<UInt8>) -> Bool {
        guard path.count >= ancestor.count else { return false }
        for index in ancestor.indices where path[index] != ancestor[index] { return false }
        return path.count == ancestor.count || ancestor.count == 1 && ancestor[0] == slash
            || path[ancestor.count] == slash
    }

    private static var slash: UInt8 { 0x2F }
    private static var at: UInt8 { 0x40 }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        // Letters, digits, - _ @.
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x5F, at: true
        default: false
        }
    }
}
