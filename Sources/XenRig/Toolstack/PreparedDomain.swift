// A domain for scripts in dom0 that start and end it many times: a round trip to this host for
// each step would take longer than the steps.

import Foundation
import RigTools

/// A configuration in dom0, for `xl create`.
public struct PreparedDomain: Sendable {
    /// Its name in the toolstack.
    public let name: String
    /// The configuration's path in dom0.
    public let configurationPath: String
    /// The path in dom0 of what the domain prints; a new domain of that name adds to it.
    public let consolePath: String
    private let consoleFile: URL

    /// What all domains of that name printed until now, with LF as line break.
    public var console: String { ConsoleFile(file: consoleFile).text }

    fileprivate init(_ configuration: DomainConfiguration, on rig: Rig) throws(RigError) {
        name = rig.uniqueName(configuration.name)
        let file = rig.run.domain(name, "cfg")
        let image = try rig.share(configuration.image)
        try Files.write(configuration.xlConfiguration(name: name, kernel: image), to: file)
        configurationPath = rig.run.inside(file)
        consoleFile = rig.run.console(name)
        consolePath = rig.run.inside(consoleFile)
    }
}

extension Rig {
    /// Brings image and configuration to dom0, and starts nothing.
    ///
    /// - Throws: `wrongImage`, as `start(_:)` does.
    public func prepare(_ configuration: DomainConfiguration) throws(RigError) -> PreparedDomain {
        precondition(kind == .xen, "QEMU's domains have no configuration")
        try ImageCheck.check(configuration.image, for: configuration.mode)
        return try PreparedDomain(configuration, on: self)
    }
}
