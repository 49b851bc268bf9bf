// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A library target of the guest: every flag that makes it one is in `linker/toolset.json`.
func floor(_ name: String, on lower: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: lower, swiftSettings: strict)
}

func tests(_ name: String, of dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "Apus",
    products: [
        .library(name: "Apus", targets: ["Apus"]),
        .library(name: "XenRig", targets: ["XenRig"]),
        // For the fuzzers, which are a package of their own.
        .library(name: "XenStore", targets: ["XenStore"]),
        .library(name: "XenBus", targets: ["XenBus"]),
        .library(name: "XenTypes", targets: ["XenTypes"]),
        .library(name: "Simulation", targets: ["Simulation", "ModelXen", "Hypercalls", "CXen"]),
        .library(name: "BlockDevices", targets: ["BlockDevices"]),
        .library(name: "TCPIP", targets: ["TCPIP"]),
        .library(name: "NetFront", targets: ["NetFront"]),
        .library(name: "BlockFront", targets: ["BlockFront"]),
        .library(name: "Storage", targets: ["Storage"]),
        .library(name: "ModelDisks", targets: ["ModelDisks"]),
        .executable(name: "apus", targets: ["ApusCommand"]),
    ],
    targets: [
        // Floor 0: the ABI, the machine, the image's shape.
        .target(name: "CXen", path: "xen-headers"),
        .target(
            name: "CArch", path: "arch/x86_64",
            cSettings: [.headerSearchPath("../../xen-headers/include")]),
        .target(
            name: "ApusLinker", path: "linker", exclude: ["toolset.json"],
            resources: [.copy("apus.ld")]),
        // Floor 1
        floor("XenTypes", on: []),
        floor("Rings", on: []),
        floor("BlockDevices", on: []),
        // The network stack knows no Xen: it stands on nothing, and drivers stand on it.
        // "Lifetimes" is what lets a packet give out spans of its bytes.
        .target(name: "TCPIP", swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
        // Floor 2
        floor("Hypercalls", on: ["CXen", "CArch", "XenTypes"]),
        floor("Storage", on: ["BlockDevices"]),
        // Floor 3
        floor("Memory", on: ["CXen", "Hypercalls", "XenTypes"]),
        floor("Events", on: ["CXen", "XenTypes", "Hypercalls"]),
        floor("Grants", on: ["CXen", "XenTypes", "Hypercalls"]),
        floor("Clock", on: ["CXen", "Hypercalls"]),
        // Floor 4
        floor("GuestRuntime", on: []),
        // Floor 5
        floor("Console", on: ["CXen", "Hypercalls", "Events"]),
        floor("XenStore", on: ["CXen", "XenTypes", "Clock"]),
        floor("Platform", on: ["Hypercalls", "XenTypes", "Events", "Grants", "Clock"]),
        // Floor 6
        floor("XenBus", on: ["XenTypes", "Clock", "XenStore"]),
        floor("Lifecycle", on: ["CXen", "Hypercalls", "Clock", "XenStore"]),
        // Floor 7
        floor(
            "NetFront",
            on: [
                "CXen", "XenTypes", "Rings", "TCPIP", "Hypercalls", "Events", "Grants", "Clock",
                "Platform", "XenStore", "XenBus",
            ]),
        floor(
            "BlockFront",
            on: [
                "CXen", "XenTypes", "Hypercalls", "Events", "Grants", "Clock", "XenStore",
                "XenBus", "Rings", "BlockDevices", "Platform",
            ]),
        // Floor 8
        floor(
            "Apus",
            on: [
                "CArch", "CXen", "XenTypes", "Hypercalls", "Memory", "Events", "Grants",
                "Clock", "GuestRuntime", "Console", "XenStore", "Lifecycle", "Platform",
                "ApusLinker",
            ]),
        // Host
        .target(name: "RigTools", swiftSettings: strict),
        .target(name: "ImageAudit", dependencies: ["RigTools"], swiftSettings: strict),
        .target(name: "XenRig", dependencies: ["RigTools"], swiftSettings: strict),
        .executableTarget(
            name: "ApusCommand", dependencies: ["RigTools", "XenRig"], swiftSettings: strict),
        // Tests
        .target(name: "SeededRandomness", swiftSettings: strict),
        .target(
            name: "ModelDisks", dependencies: ["BlockDevices", "SeededRandomness"],
            swiftSettings: strict),
        .target(
            name: "ModelXen", dependencies: ["CArch", "CXen", "Hypercalls", "SeededRandomness"],
            swiftSettings: strict),
        .target(
            name: "Simulation",
            dependencies: [
                "ModelXen", "Hypercalls", "Events", "Clock", "Grants", "Platform", "XenStore",
            ],
            swiftSettings: strict),
        .target(
            name: "ModelBackends",
            dependencies: [
                "CXen", "ModelXen", "Hypercalls", "Rings", "SeededRandomness", "XenBus",
            ],
            swiftSettings: strict),
        tests("XenHeadersTests", of: ["CXen", "RigTools"]),
        tests(
            "MemoryTests",
            of: ["CXen", "XenTypes", "Hypercalls", "Memory", "ModelXen", "SeededRandomness"]),
        tests("GuestRuntimeTests", of: ["GuestRuntime", "SeededRandomness"]),
        tests("XenTypesTests", of: ["XenTypes"]),
        tests("RingsTests", of: ["Rings"]),
        tests("BlockDevicesTests", of: ["BlockDevices"]),
        tests("TCPIPTests", of: ["TCPIP", "SeededRandomness"]),
        tests("HypercallsTests", of: ["CXen", "Hypercalls", "ModelXen"]),
        tests(
            "EventsTests",
            of: ["CXen", "XenTypes", "Hypercalls", "Events", "ModelXen", "SeededRandomness"]),
        tests(
            "GrantsTests",
            of: ["CXen", "XenTypes", "Hypercalls", "Grants", "ModelXen", "SeededRandomness"]),
        tests("ClockTests", of: ["CXen", "Hypercalls", "Clock", "ModelXen", "SeededRandomness"]),
        tests(
            "LifecycleTests",
            of: [
                "CXen", "Clock", "Events", "Hypercalls", "XenStore", "Lifecycle", "ModelXen",
                "SeededRandomness", "Simulation",
            ]),
        tests("ConsoleTests", of: ["CXen", "Console"]),
        tests(
            "ModelXenTests", of: ["CArch", "CXen", "Hypercalls", "ModelXen", "SeededRandomness"]),
        tests(
            "SimulationTests",
            of: [
                "BlockDevices", "BlockFront", "CXen", "Clock", "Events", "Grants", "Hypercalls",
                "ModelBackends", "ModelDisks", "ModelXen", "NetFront", "Platform",
                "SeededRandomness", "Simulation", "Storage", "TCPIP", "XenBus", "XenStore",
            ]),
        tests("BlockFrontTests", of: ["BlockDevices", "BlockFront", "CXen", "XenBus"]),
        tests(
            "StorageTests",
            of: ["BlockDevices", "Storage", "ModelDisks", "SeededRandomness", "RigTools"]),
        tests(
            "XenStoreTests",
            of: [
                "CXen", "XenTypes", "Clock", "Events", "XenStore", "ModelXen", "Simulation",
                "SeededRandomness",
            ]),
        tests("ImageTests", of: ["ImageAudit", "RigTools", "XenRig"]),
        tests("RigToolsTests", of: ["RigTools", "SeededRandomness"]),
        tests("XenRigTests", of: ["RigTools", "XenRig", "ApusCommand"]),
        tests("FuzzTests", of: ["RigTools", "XenRig"]),
        tests("BootTests", of: ["RigTools", "XenRig", "ApusCommand"]),
        tests(
            "XenBusTests",
            of: [
                "CXen", "XenTypes", "Hypercalls", "Events", "Clock", "XenStore", "XenBus",
                "ModelXen", "ModelBackends", "Simulation", "SeededRandomness",
            ]),
        tests(
            "NetFrontTests",
            of: [
                "CXen", "XenTypes", "Rings", "TCPIP", "NetFront", "XenBus", "SeededRandomness",
            ]),
        tests("TidyTests", of: ["RigTools"]),
    ],
    swiftLanguageModes: [.v6]
)
