// Paths, as the store understands them.
//
// Source: Xen's docs/misc/xenstore.txt, "Values commonly included in payloads"; xenstored.

import Hypercalls

/// Names and relations of nodes.
enum StorePath {
    private static let characters = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@".utf8)

    /// The directory of a domain.
    static func home(of domain: DomainID) -> String { "/local/domain/\(domain.rawValue)" }

    static func isRelative(_ path: String) -> Bool { !path.hasPrefix("/") && !path.hasPrefix("@") }

    /// The absolute path that a domain means. `invalidArgument` when it can mean none.
    static func resolve(
        _ path: String, of domain: DomainID, limit: Int, allowingSpecial: Bool = false
    ) throws(ModelStore.Refusal) -> String {
        guard path.utf8.allSatisfy(characters.contains) else { throw .invalidArgument }
        guard allowingSpecial || !path.hasPrefix("@") else { throw .invalidArgument }
        let full = isRelative(path) ? home(of: domain) + "/" + path : path
        guard full == "/" || !full.hasSuffix("/"), !full.contains("//") else {
            throw .invalidArgument
        }
        guard countedLength(of: full) <= limit else { throw .invalidArgument }
        return full
    }

    /// Bytes that count: what comes before a domain's own directory does not.
    private static func countedLength(of path: String) -> Int {
        let prefix = "/local/domain/"
        guard path.hasPrefix(prefix) else { return path.utf8.count }
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return path.utf8.count }
        return rest[slash...].count - 1
    }

    /// The node above; the root's is the root.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex
        else { return "/" }
        return String(path[..<slash])
    }

    static func child(_ name: String, of path: String) -> String {
        path == "/" ? "/" + name : path + "/" + name
    }

    /// The last component.
    static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// Whether a node is another or lies below it.
    static func contains(_ top: String, _ path: String) -> Bool {
        guard top != "/" else { return path.hasPrefix("/") }
        guard path.hasPrefix(top) else { return false }
        return path.utf8.count == top.utf8.count
            || path.utf8.dropFirst(top.utf8.count).first == UInt8(ascii: "/")
    }
}
