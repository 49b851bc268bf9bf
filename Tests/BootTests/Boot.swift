// Real images on real hypervisors: as PV and PVH on Xen, and under QEMU's Xen emulation.
//
// One machine of each kind is booted for all tests of the process, and ends with it.

import Foundation
import RigTools
import Testing
import XenRig

/// Everything that boots, for the basics of a guest and of the command.
@Suite struct Boot {}

/// The machines, each booted when first asked for.
enum Machine {
    private static let xen = Task { try await Rig.boot(.xen) }
    private static let older = Task {
        try await Rig.boot(.xen, RigOptions(flavour: Flavour(xen: .xen417)))
    }
    private static let otherStore = Task {
        try await Rig.boot(.xen, RigOptions(flavour: Flavour(store: .oxenstored)))
    }
    private static let olderOtherStore = Task {
        try await Rig.boot(.xen, RigOptions(flavour: Flavour(xen: .xen417, store: .oxenstored)))
    }
    private static let qemu = Task { try await Rig.boot(.qemuXen) }
    private static let countingXen = Task {
        // Room for a domain of 4 GiB beside dom0.
        try await Rig.boot(.xen, RigOptions(memoryMiB: 6144, instructionCounting: true))
    }
    private static let countingQEMU = Task {
        try await Rig.boot(.qemuXen, RigOptions(instructionCounting: true))
    }

    /// - Parameter flavour: which Xen and store; QEMU's emulation has only the standard one.
    static func rig(for mode: BootMode, flavour: Flavour = .standard) async throws -> Rig {
        guard mode.rig == .xen else { return try await qemu.value }
        switch (flavour.xen, flavour.store) {
        case (.xen420, .xenstored): return try await xen.value
        case (.xen417, .xenstored): return try await older.value
        case (.xen420, .oxenstored): return try await otherStore.value
        case (.xen417, .oxenstored): return try await olderOtherStore.value
        }
    }

    /// Work, in its turn, on a machine on which a nanosecond is an instruction and waiting takes no
    /// time, whatever the host does meanwhile: there time can be measured, and instructions
    /// counted. Such a machine never idles, so it stands still while nobody uses it.
    static func counting<Value: Sendable>(
        _ mode: BootMode, _ body: @escaping @Sendable (Rig) async throws -> Value
    ) async throws -> Value {
        try await Stage.counting.run {
            let rig = try await mode.rig == .xen ? countingXen.value : countingQEMU.value
            rig.thaw()
            defer { rig.freeze() }
            return try await body(rig)
        }
    }
}

/// The images, each built when first asked for.
enum Image {
    static let root = Checkout.root()

    private static let builtProbe = Task { try await build("Probe", in: "Tests/Probe") }
    private static let builtHello = Task { try await build("Hello", in: "Examples/Hello") }
    private static let builtBenchmarks = Task {
        try await build("Benchmarks", in: "Tests/Benchmarks")
    }

    static var benchmarks: GuestImage {
        get async throws { try await builtBenchmarks.value }
    }

    static var probe: GuestImage {
        get async throws { try await builtProbe.value }
    }

    static var hello: GuestImage {
        get async throws { try await builtHello.value }
    }

    private static func build(_ program: String, in directory: String) async throws -> GuestImage {
        let package = try await GuestPackage.find(program, in: root.appending(path: directory))
        return try await GuestBuild(package).build()
    }
}
