// From the headers of an archive to a table of paths, with a bound on what it takes.

import BlockDevices

/// What is known of one path.
struct TarNode: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case directory
        case file(byteOffset: UInt64, byteCount: UInt64)
        case link(target: [UInt8])
        /// A device or a pipe: listed, and that is all.
        case other
    }

    var kind: Kind
    var modificationTime: Int64
}

/// Collects the entries; the last one of a path counts, as it does for `tar`.
struct TarIndex: Sendable {
    let limits: TarLimits
    /// By path; the root's is empty.
    private(set) var nodes: [[UInt8]: TarNode] = [
        []: TarNode(kind: .directory, modificationTime: 0)
    ]
    private var pathByteCount = 0

    init(_ limits: TarLimits) { self.limits = limits }

    /// Adds an entry.
    mutating func add(
        _ header: TarHeader, contentsAt contentsOffset: UInt64, headerAt offset: UInt64
    ) throws(TarError) {
        guard header.name.count <= limits.pathByteCount,
            header.target.count <= limits.pathByteCount
        else { throw .tooLong(byteOffset: offset) }
        guard let names = TarPath.names(header.name) else { throw .outside(byteOffset: offset) }
        // Old programs mark a directory by its name alone.
        let isDirectory = header.type == UInt8(ascii: "5") || header.name.last == TarPath.slash
        let kind: TarNode.Kind
        switch header.type {
        case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
            kind =
                isDirectory
                ? .directory : .file(byteOffset: contentsOffset, byteCount: header.size)
        case UInt8(ascii: "1"): kind = try hardLink(header, offset)
        case UInt8(ascii: "2"): kind = .link(target: header.target)
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): kind = .other
        case UInt8(ascii: "5"): kind = .directory
        default: throw .unsupported(type: header.type, byteOffset: offset)
        }
        if names.isEmpty, kind != .directory { throw .malformed(byteOffset: offset) }
        try set(names, TarNode(kind: kind, modificationTime: header.modificationTime))
    }

    /// Another name of an entry that came before.
    private func hardLink(
        _ header: TarHeader, _ offset: UInt64
    ) throws(TarError) -> TarNode.Kind {
        guard let names = TarPath.names(header.target) else { throw .outside(byteOffset: offset) }
        guard let node = nodes[TarPath.joined(names)], node.kind != .directory else {
            throw .malformed(byteOffset: offset)
        }
        return node.kind
    }

    /// Sets a path's node, and makes directories of what leads to it.
    private mutating func set(_ names: [[UInt8]], _ node: TarNode) throws(TarError) {
        guard !names.isEmpty else {
            nodes[[]] = node
            return
        }
        for count in 1..<max(1, names.count) {
            let path = TarPath.joined(names[..<count])
            if nodes[path] == nil {
                try insert(path, TarNode(kind: .directory, modificationTime: 0))
            }
        }
        try insert(TarPath.joined(names), node)
    }

    private mutating func insert(_ path: [UInt8], _ node: TarNode) throws(TarError) {
        if nodes[path] == nil {
            guard nodes.count <= limits.entryCount else { throw .tooManyEntries }
            pathByteCount += path.count
        }
        if case .link(let target) = node.kind { pathByteCount += target.count }
        guard pathByteCount <= limits.totalPathByteCount else { throw .tooManyEntries }
        nodes[path] = node
    }
}
