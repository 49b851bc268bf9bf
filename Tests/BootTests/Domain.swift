// Starting domains the way most tests want them.

import Testing
import XenRig

/// Domains of the shared machines.
enum Domain {
    /// A domain with the probe in it.
    static func probe(
        _ arguments: [String], _ mode: BootMode,
        _ change: (inout DomainConfiguration) -> Void = { _ in }
    ) async throws -> RunningDomain {
        try await start(try await Image.probe, arguments, mode, change)
    }

    /// A domain with the example in it.
    static func hello(
        _ mode: BootMode, _ change: (inout DomainConfiguration) -> Void = { _ in }
    ) async throws -> RunningDomain {
        try await start(try await Image.hello, [], mode, change)
    }

    private static func start(
        _ image: GuestImage, _ arguments: [String], _ mode: BootMode,
        _ change: (inout DomainConfiguration) -> Void
    ) async throws -> RunningDomain {
        let name = arguments.first ?? "hello"
        var configuration = DomainConfiguration(
            name: name, image: image.file, mode: mode, arguments: arguments)
        change(&configuration)
        return try await Machine.rig(for: mode).start(configuration)
    }

    /// A probe's console, once it has ended by itself with status 0.
    static func succeed(
        _ arguments: String..., in mode: BootMode, timeout: Duration = .seconds(60),
        _ change: @Sendable (inout DomainConfiguration) -> Void = { _ in }
    ) async throws -> String {
        let end = try await probe(arguments, mode, change).waitForEnd(timeout: timeout)
        expectSuccess(end)
        return end.console
    }

    /// Records what is wrong with an end that should be a regular one.
    static func expectSuccess(_ end: RunningDomain.End) {
        #expect(end.ending == .poweroff, "\(end.console)")
        #expect(end.exitStatus == 0, "\(end.console)")
    }
}

extension BootMode: CustomTestStringConvertible {
    public var testDescription: String { rawValue }
}
