// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Probe",
    dependencies: [.package(name: "Apus", path: "../..")],
    targets: [
        .executableTarget(
            name: "Probe",
            dependencies: [
                .product(name: "Apus", package: "Apus"), .product(name: "XenBus", package: "Apus"),
                .product(name: "NetFront", package: "Apus"),
                .product(name: "TCPIP", package: "Apus"),
                .product(name: "BlockDevices", package: "Apus"),
                .product(name: "BlockFront", package: "Apus"),
                .product(name: "Storage", package: "Apus"),
            ],
            swiftSettings: [.treatAllWarnings(as: .error)])
    ]
)
