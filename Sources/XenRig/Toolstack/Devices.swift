// Disks and network cards, as xl's configuration writes them.
// Source: xl-disk-configuration(5), xl-network-configuration(5).

import RigTools

/// A disk of a domain: a file or block device of dom0, served by Linux's blkback.
public struct Disk: Equatable, Sendable {
    /// The file or device in dom0, e.g. from `Rig.makeDisk(named:mebibytes:)`.
    public var path: String
    /// What the domain knows it as, e.g. `xvda`.
    public var device: String
    public var isReadOnly: Bool

    public init(path: String, device: String, isReadOnly: Bool = false) {
        self.path = path
        self.device = device
        self.isReadOnly = isReadOnly
    }

    /// The word of `disk = [...]` and of `xl block-attach`. What follows `target=` is taken whole.
    public var specification: String {
        "format=raw,vdev=\(device),access=\(isReadOnly ? "ro" : "rw"),backendtype=phy,"
            + "script=rig-disk,target=\(path)"
    }
}

/// A network card of a domain, on the bridge `xenbr0` of dom0, served by Linux's netback.
public struct NetworkCard: Equatable, Sendable {
    /// As `00:16:3e:01:02:03`; made up by xl where nil.
    public var address: String?

    public init(address: String? = nil) { self.address = address }

    /// The words of `xl network-attach`.
    var words: [String] { (address.map { ["mac=\($0)"] } ?? []) + ["script=rig-network"] }

    /// The word of `vif = [...]`.
    public var specification: String { words.joined(separator: ",") }
}

extension Rig {
    /// Makes an empty disk in dom0's memory and returns its path there. It takes only what is
    /// written to it.
    public func makeDisk(named name: String, mebibytes: Int) async throws(RigError) -> String {
        let path = "/tmp/disks/\(uniqueName("disk-\(name)"))"
        let word = Quoting.shell(path)
        let result = try await run("truncate -s \(mebibytes)M \(word)")
        guard result.succeeded else { throw .rigFailed("no disk: \(result.lastLine)") }
        return path
    }

    /// The names of the domains that there are, without dom0; a dying one may be `(null)`.
    public func domains() async throws(RigError) -> [String] {
        let result = try await run("exec xl list")
        guard result.succeeded else { throw .rigFailed("xl list: \(result.lastLine)") }
        return XLOutput.domains(inList: result.output)
    }
}
