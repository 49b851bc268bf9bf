// Building a program into an image.

import Foundation
import RigTools

/// A built program: what boots, and what names its addresses.
public struct GuestImage: Equatable, Sendable {
    /// The stripped image.
    public let file: URL
    /// The same with symbols and lines, for the symboliser.
    public let unstripped: URL

    public init(file: URL, unstripped: URL) {
        self.file = file
        self.unstripped = unstripped
    }
}

public struct GuestBuild: Sendable {
    public let package: GuestPackage
    public let progress: Progress

    public init(_ package: GuestPackage, progress: Progress = .silent) {
        self.package = package
        self.progress = progress
    }

    /// Builds, links and strips; quick when nothing changed.
    public func build() async throws(RigError) -> GuestImage {
        let toolchain = try Toolchain()
        let base = package.directory.appending(path: ".build-xen")
        try Files.makeDirectory(base)
        progress.report("Building \(package.program)")
        let lock = try await FileLock.locking(base.appending(path: "apus.lock")) {
            progress.report("Waiting for another build of \(package.directory.lastPathComponent)")
        }
        let scratch = base.appending(path: "linker-\(try linkerDigest())")
        // A plan from the cache does not know a file that came to a package which this one
        // depends on. A new one takes less than a second.
        let arguments =
            ["build", "--package-path", package.directory.path, "-c", "release"]
            + ["--toolset", package.toolset.path, "--scratch-path", scratch.path]
            + ["--product", package.program, "--disable-build-manifest-caching"]
        let built = try await toolchain.command("swift", arguments).run()
        guard built.succeeded else {
            throw .buildFailed(program: package.program, output: built.output)
        }
        let image = try await strip(
            scratch.appending(path: "release/\(package.program)"), into: scratch, toolchain)
        _ = consume lock
        return image
    }

    /// SwiftPM does not relink when the linker script or the toolset changes, so their contents
    /// name the scratch directory.
    private func linkerDigest() throws(RigError) -> String {
        let directory = package.apus.appending(path: "linker")
        let names = FileManager.default.enumerator(atPath: directory.path)?
            .compactMap { $0 as? String }.sorted()
        let bytes = (names ?? []).flatMap { name -> [UInt8] in
            let contents = FileManager.default.contents(
                atPath: directory.appending(path: name).path)
            return Array(name.utf8) + [0] + Array(contents ?? Data())
        }
        guard !bytes.isEmpty else { throw .notFound("no linker script in \(directory.path)") }
        return Digest.hexadecimal(of: bytes)
    }

    private func strip(
        _ linked: URL, into scratch: URL, _ toolchain: Toolchain
    ) async throws(RigError) -> GuestImage {
        let images = scratch.appending(path: "images")
        try Files.makeDirectory(images)
        let image = GuestImage(
            file: images.appending(path: "\(package.program).elf"),
            unstripped: images.appending(path: "\(package.program).debug"))
        let fresh = images.appending(path: "new")
        Files.remove(fresh)
        try Files.copy(linked, to: fresh)
        try Files.rename(fresh, to: image.unstripped)
        let result = try await toolchain.command(
            "llvm-objcopy", ["--strip-all", linked.path, fresh.path]
        ).run()
        guard result.succeeded else { throw .toolFailed("llvm-objcopy: \(result.lastLine)") }
        try Files.rename(fresh, to: image.file)
        return image
    }
}
