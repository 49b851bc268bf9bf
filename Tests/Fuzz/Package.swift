// swift-tools-version: 6.2
import PackageDescription

/// One program for each decoder. `-sanitize=fuzzer,address` comes from the command line; without
/// it nothing here links.
func fuzzer(_ name: String, of modules: [String]) -> Target {
    .executableTarget(
        name: name, dependencies: modules.map { .product(name: $0, package: "Apus") },
        swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "Apus", path: "../..")],
    targets: [
        // Has a fault, which proves that the others would be found.
        fuzzer("FuzzCanary", of: []),
        fuzzer("FuzzXenStore", of: ["XenStore"]),
        fuzzer("FuzzXenBus", of: ["XenBus"]),
        fuzzer("FuzzNet", of: ["NetFront", "TCPIP", "XenBus", "XenTypes"]),
    ],
    swiftLanguageModes: [.v6]
)
