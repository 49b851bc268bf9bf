// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "Apus", path: "../..")],
    targets: [
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                .product(name: "Apus", package: "Apus"), .product(name: "XenBus", package: "Apus"),
                .product(name: "BlockDevices", package: "Apus"),
                .product(name: "BlockFront", package: "Apus"),
            ],
            swiftSettings: [.treatAllWarnings(as: .error)])
    ]
)
