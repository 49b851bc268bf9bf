// Static content as a disk: an archive that `tar cf` made, written to a device as it is.

public import BlockDevices
import _Concurrency

/// An archive's files, read-only.
///
/// The archive may be in the ustar, GNU or PAX format. Paths begin at the volume's root; "." and
/// ".." in them mean what they do elsewhere, and nothing leads out of the volume.
public final class TarVolume<Device: BlockDevice>: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let access: DeviceAccess<Device>
    private let index: TarIndex

    private init(_ access: DeviceAccess<Device>, _ index: TarIndex) {
        self.access = access
        self.index = index
    }

    /// Reads the headers of the archive that begins with the device.
    ///
    /// - Throws: what is wrong with it, and where.
    public static func open(
        on device: Device, limits: TarLimits = TarLimits()
    ) async throws(TarError) -> TarVolume {
        let access = DeviceAccess(device)
        var reader = TarReader(access, limits)
        return TarVolume(access, try await reader.run())
    }

    /// How many paths there are, the root and directories that are only implied included.
    public var entryCount: Int { index.nodes.count }

    /// All paths, in the order of their bytes, without the root.
    public var paths: [[UInt8]] {
        index.nodes.keys.filter { !$0.isEmpty }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// What lies in a directory, in the order of the names' bytes. Takes time as all paths are
    /// looked at.
    public func list(_ path: [UInt8] = []) throws(TarError) -> [TarEntry] {
        let (names, node) = try resolve(path, followsLast: true)
        guard node.kind == .directory else { throw .notADirectory }
        let prefix = names.isEmpty ? [] : TarPath.joined(names) + [TarPath.slash]
        var entries: [TarEntry] = []
        for (path, node) in index.nodes where path.count > prefix.count && path.starts(with: prefix)
        {
            let name = path.dropFirst(prefix.count)
            if !name.contains(TarPath.slash) { entries.append(TarEntry(Array(name), node)) }
        }
        return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// What lies in a directory.
    public func list(_ path: String) throws(TarError) -> [TarEntry] { try list(Array(path.utf8)) }

    /// What a path leads to; of a symbolic link, the link itself.
    public func entry(at path: [UInt8]) throws(TarError) -> TarEntry {
        let (names, node) = try resolve(path, followsLast: false)
        return TarEntry(names.last ?? [], node)
    }

    /// The file that a path leads to, by way of symbolic links.
    public func file(at path: [UInt8]) throws(TarError) -> TarFile<Device> {
        let node = try resolve(path, followsLast: true).node
        guard case .file(let byteOffset, let byteCount) = node.kind else { throw .notAFile }
        return TarFile(
            access: access, byteOffset: byteOffset, byteCount: byteCount,
            modificationTime: node.modificationTime)
    }

    /// The file that a path leads to, by way of symbolic links.
    public func file(at path: String) throws(TarError) -> TarFile<Device> {
        try file(at: Array(path.utf8))
    }

    /// Goes down from the root, name by name; a link's target goes before what is left.
    private func resolve(
        _ path: [UInt8], followsLast: Bool
    ) throws(TarError) -> (names: [[UInt8]], node: TarNode) {
        var left = path.split(separator: TarPath.slash).map { Array($0) }[...]
        var names: [[UInt8]] = []
        var node = try self.node([])
        var linkCount = 0
        while let name = left.popFirst() {
            guard node.kind == .directory else { throw .notADirectory }
            guard let next = TarPath.names(name, from: names) else { throw .notFound }
            let nextNode = try self.node(next)
            guard case .link(let target) = nextNode.kind, followsLast || !left.isEmpty else {
                (names, node) = (next, nextNode)
                continue
            }
            linkCount += 1
            guard linkCount <= index.limits.linkCount else { throw .tooManyLinks }
            if target.first == TarPath.slash { (names, node) = ([], try self.node([])) }
            left = (target.split(separator: TarPath.slash).map { Array($0) } + left)[...]
        }
        return (names, node)
    }

    private func node(_ names: [[UInt8]]) throws(TarError) -> TarNode {
        guard let node = index.nodes[TarPath.joined(names)] else { throw .notFound }
        return node
    }
}

/// A name in a directory.
public struct TarEntry: Equatable, Sendable {
    /// What a name stands for.
    public enum Kind: Equatable, Sendable {
        /// Has entries of its own.
        case directory
        /// Has bytes.
        case file(byteCount: UInt64)
        /// Stands for another path.
        case link(target: [UInt8])
        /// A device or a pipe, which a volume does not serve.
        case other
    }

    /// The last name of its path; of the root, nothing.
    public let name: [UInt8]
    /// What it stands for.
    public let kind: Kind
    /// Seconds since 1970; zero for a directory that is only implied.
    public let modificationTime: Int64

    init(_ name: [UInt8], _ node: TarNode) {
        self.name = name
        modificationTime = node.modificationTime
        kind =
            switch node.kind {
            case .directory: .directory
            case .file(_, let byteCount): .file(byteCount: byteCount)
            case .link(let target): .link(target: target)
            case .other: .other
            }
    }
}
