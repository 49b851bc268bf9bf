// Finding the package that has a program, and the Apus that it depends on.

import Foundation
import RigTools

/// A package with a program that can be an image.
public struct GuestPackage: Sendable {
    public let directory: URL
    public let program: String
    /// The directory of Apus, with `linker/toolset.json` in it.
    public let apus: URL

    var toolset: URL { apus.appending(path: "linker/toolset.json") }

    /// The package with `program`: that in `directory`, else its `Examples/<program>`.
    public static func find(
        _ program: String, in directory: URL
    ) async throws(RigError) -> GuestPackage {
        let example = directory.appending(path: "Examples/\(program)")
        let toolchain = try Toolchain()
        if let manifest = try await manifest(of: directory, toolchain), manifest.offers(program) {
            return try await package(directory, program, toolchain)
        }
        if let manifest = try await manifest(of: example, toolchain), manifest.offers(program) {
            return try await package(example, program, toolchain)
        }
        throw .notFound(
            "no program \(program): neither a product of the package in \(directory.path) "
                + "nor a package in Examples/\(program)")
    }

    private static func manifest(
        of directory: URL, _ toolchain: Toolchain
    ) async throws(RigError) -> PackageManifest? {
        guard Files.exists(directory.appending(path: "Package.swift")) else { return nil }
        let text = try await ask(["dump-package"], directory, toolchain)
        guard let manifest = try? JSONDecoder().decode(PackageManifest.self, from: text) else {
            throw .toolFailed("swift package dump-package gives no manifest of \(directory.path)")
        }
        return manifest
    }

    private static func package(
        _ directory: URL, _ program: String, _ toolchain: Toolchain
    ) async throws(RigError) -> GuestPackage {
        let arguments = ["show-dependencies", "--format", "json"]
        let text = try await ask(arguments, directory, toolchain)
        guard let tree = try? JSONDecoder().decode(DependencyTree.self, from: text) else {
            throw .toolFailed("swift package \(arguments[0]) gives no tree of \(directory.path)")
        }
        let apus = tree.apus { path in
            Files.exists(URL(fileURLWithPath: path).appending(path: "linker/toolset.json"))
        }
        guard let apus else {
            throw .notFound("the package in \(directory.path) does not depend on Apus")
        }
        return GuestPackage(
            directory: directory, program: program, apus: URL(fileURLWithPath: apus))
    }

    /// A scratch directory of its own: the ordinary one may be locked by the `swift run` or
    /// `swift test` that runs us.
    private static func ask(
        _ arguments: [String], _ directory: URL, _ toolchain: Toolchain
    ) async throws(RigError) -> Data {
        let scratch = directory.appending(path: ".build-xen/describe").path
        let result = try await toolchain.command(
            "swift",
            ["package", "--package-path", directory.path, "--scratch-path", scratch] + arguments
        ).run(.apart)
        guard result.succeeded else {
            let output = result.output + result.errors
            throw .buildFailed(program: directory.lastPathComponent, output: output)
        }
        // SwiftPM may say something before the answer.
        return Data(result.output.drop { $0 != "{" }.utf8)
    }
}
