// swift-tools-version: 6.2
import PackageDescription

/// One program for each decoder. `-sanitize=fuzzer,address` comes from the command line; without
/// it nothing here links.
func fuzzer(_ name: String, of modules: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["InputReading"] + modules.map { .product(name: $0, package: "Apus") },
        swiftSettings: [.treatAllWarnings(as: .error)])
}

func stackFuzzer(_ name: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["StackUnderTest"],
        swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "Apus", path: "../..")],
    targets: [
        .target(name: "InputReading", swiftSettings: [.treatAllWarnings(as: .error)]),
        // Has a fault, which proves that the others would be found.
        fuzzer("FuzzCanary", of: []),
        fuzzer("FuzzXenStore", of: ["XenStore"]),
        fuzzer("FuzzXenBus", of: ["XenBus"]),
        fuzzer("FuzzNet", of: ["NetFront", "TCPIP", "XenBus", "XenTypes"]),
        fuzzer("FuzzBlock", of: ["BlockFront", "BlockDevices", "XenBus", "Simulation"]),
        fuzzer("FuzzKeyValueStore", of: ["Storage", "BlockDevices", "ModelDisks"]),
        fuzzer("FuzzTarVolume", of: ["Storage", "BlockDevices", "ModelDisks"]),
        // A stack and its user, for the three below: each has frames of its own kind.
        .target(
            name: "StackUnderTest",
            dependencies: ["InputReading", .product(name: "TCPIP", package: "Apus")],
            swiftSettings: [.treatAllWarnings(as: .error)]),
        stackFuzzer("FuzzIPv4"),
        stackFuzzer("FuzzIPv6"),
        stackFuzzer("FuzzEthernet"),
        fuzzer("FuzzAddresses", of: ["TCPIP"]),
        fuzzer("FuzzDNS", of: ["TCPIP"]),
        fuzzer("FuzzDHCP", of: ["TCPIP"]),
        fuzzer("FuzzNAT", of: ["TCPIP"]),
    ],
    swiftLanguageModes: [.v6]
)
