// Starting domains the way most tests want them.

import Testing
import XenRig

/// Domains of the shared machines.
enum Domain {
    /// A domain with the probe in it, on an ordinary machine unless one is given.
    static func probe(
        _ arguments: [String], _ mode: BootMode, on rig: Rig? = nil,
        _ change: (inout DomainConfiguration) -> Void = { _ in }
    ) async throws -> RunningDomain {
        try await start(try await Image.probe, arguments, mode, rig, change)
    }

    /// A domain with the example in it.
    static func hello(
        _ mode: BootMode, _ change: (inout DomainConfiguration) -> Void = { _ in }
    ) async throws -> RunningDomain {
        try await start(try await Image.hello, [], mode, nil, change)
    }

    private static func start(
        _ image: GuestImage, _ arguments: [String], _ mode: BootMode, _ rig: Rig?,
        _ change: (inout DomainConfiguration) -> Void
    ) async throws -> RunningDomain {
        var configuration = DomainConfiguration(
            name: arguments.first ?? "hello", image: image.file, mode: mode, arguments: arguments)
        change(&configuration)
        let machine: Rig
        if let rig { machine = rig } else { machine = try await Machine.rig(for: mode) }
        return try await machine.start(configuration)
    }

    /// A probe's console, once it has ended by itself with status 0.
    static func succeed(
        _ subject: String, _ arguments: [String] = [], in mode: BootMode, on rig: Rig? = nil,
        timeout: Duration = .seconds(300),
        _ change: @Sendable (inout DomainConfiguration) -> Void = { _ in }
    ) async throws -> String {
        let domain = try await probe([subject] + arguments, mode, on: rig, change)
        let end = try await domain.waitForEnd(timeout: timeout)
        expectSuccess(end)
        return end.console
    }

    /// Records what is wrong with an end that should be a regular one.
    static func expectSuccess(_ end: RunningDomain.End) {
        #expect(end.ending == .poweroff, "\(end.console)")
        #expect(end.exitStatus == 0, "\(end.console)")
    }
}

extension Flavour: CustomTestStringConvertible {
    public var testDescription: String { description }
}

extension BootMode: CustomTestStringConvertible {
    public var testDescription: String { rawValue }
}
