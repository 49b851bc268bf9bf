// Builds the root image from Debian packages, in a directory that becomes the image only when it
// is whole.

import Foundation
import RigTools

struct RootImageBuilder: Sendable {
    let recipe: RootRecipe
    let cache: URL
    let destination: URL
    let mirror: String?
    let progress: Progress

    /// Free space below which a build is not even begun: packages, tree and disk, side by side.
    static let neededBytes: UInt64 = 2_500 << 20

    func build() async throws(RigError) {
        try Requirements.check(.root)
        let mirror = try await Mirror.chosen(explicit: mirror)
        let free = Files.freeBytes(at: cache) ?? .max
        guard free >= Self.neededBytes else {
            throw .cannotStore(
                "\(cache.path): \(free >> 20) MiB free, the root image needs "
                    + "\(Self.neededBytes >> 20); free some or set APUS_CACHE")
        }
        let work = cache.appending(path: "building-\(getpid())")
        try Files.makeDirectory(work)
        Temporaries.insert(work)
        defer {
            Files.remove(work)
            Temporaries.remove(work)
        }
        let result = work.appending(path: "image")
        try Files.makeDirectory(result)
        let step = "Building the root image of Xen \(recipe.release.rawValue) (once)"
        progress.report("\(step): fetching packages")
        let tree = try await fetchTree(into: work, from: mirror)
        progress.report("\(step): making the disk")
        try await complete(tree)
        try await makeInitialRamdisk(tree, in: work, result: RootImage(directory: result))
        try await makeDisk(tree, result: RootImage(directory: result))
        try Files.rename(result, to: destination)
    }

    /// Unpacks the packages without configuring them: nothing of the image runs here.
    private func fetchTree(into work: URL, from mirror: String) async throws(RigError) -> URL {
        let archive = work.appending(path: "root.tar")
        let arguments =
            ["--variant=extract", "--architectures=amd64", "--format=tar"]
            + ["--mode=\(geteuid() == 0 ? "root" : "unshare")"]
            + ["--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Retries \"2\""]
            + ["--aptopt=Acquire::http::Timeout \"30\""]
            + recipe.hooks.map { "--setup-hook=\($0)" }
            + ["--include=\(recipe.packages.joined(separator: ","))"]
            + [recipe.suite, "-", "deb \(mirror) \(recipe.suite) main"]
        let (tool, prefix) = try await contained(try Tool.mmdebstrap.locate())
        var command = Command(tool, prefix + arguments)
        // An ordinary user's subordinate ids may not reach the cache; /tmp they do.
        if geteuid() == 0 { command.environment = ["TMPDIR": work.path] }
        let fetched = try await command.run(writingTo: archive)
        guard fetched.succeeded else { throw FetchFailure(fetched, mirror: mirror).error }
        let tree = work.appending(path: "tree")
        try Files.makeDirectory(tree)
        try await run(
            .tar,
            ["-x", "-C", tree.path, "--no-same-owner", "--exclude=./dev/*"]
                + recipe.excluded.map { "--exclude=\($0)" } + ["-f", archive.path])
        Files.remove(archive)
        return tree
    }

    /// In process ids of its own, so that mmdebstrap's children die with it, whatever kills it.
    /// (What an ordinary user runs makes such a namespace by itself.) Where that is not allowed,
    /// it goes without.
    private func contained(_ tool: URL) async throws(RigError) -> (URL, [String]) {
        let options = ["--pid", "--fork", "--kill-child", "--mount-proc"]
        guard geteuid() == 0, let unshare = Tool.unshare.find(),
            try await Command(unshare, options + ["true"]).run().succeeded
        else { return (tool, []) }
        return (unshare, options + [tool.path])
    }

    /// Adds what unconfigured packages lack, and the first process.
    private func complete(_ tree: URL) async throws(RigError) {
        for path in recipe.unwanted { Files.remove(tree.appending(path: path)) }
        for path in ["proc", "sys", "dev", "run", "tmp", "share"] {
            try Files.makeDirectory(tree.appending(path: path))
        }
        for (path, text) in recipe.scripts {
            try Files.write(text, to: tree.appending(path: path), executable: true)
        }
        let version = try kernelVersion(of: tree)
        try await run(.depmod, ["-b", tree.path, version])
        for (name, text) in AccountFiles.all {
            try Files.write(text, to: tree.appending(path: "etc/\(name)"))
        }
    }

    private func kernelVersion(of tree: URL) throws(RigError) -> String {
        let modules = tree.appending(path: "usr/lib/modules").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: modules)) ?? []
        guard names.count == 1, let name = names.first else {
            throw .toolFailed("the root image has \(names.count) kernels, not one")
        }
        return name
    }

    private func makeInitialRamdisk(
        _ tree: URL, in work: URL, result: RootImage
    ) async throws(RigError) {
        let root = work.appending(path: "initrd")
        for path in ["bin", "dev", "proc", "sys", "modules", "newroot"] {
            try Files.makeDirectory(root.appending(path: path))
        }
        try Files.copy(
            tree.appending(path: "usr/bin/busybox"), to: root.appending(path: "bin/busybox"))
        try Files.write(
            RootScripts.earlyInit, to: root.appending(path: "init"), executable: true)
        let version = try kernelVersion(of: tree)
        for (index, module) in try await earlyModules(tree, version: version).enumerated() {
            let number = String(100 + index)
            let name = "\(number)-\(module.deletingPathExtension().lastPathComponent)"
            let copy = root.appending(path: "modules/\(name).\(module.pathExtension)")
            try Files.copy(module, to: copy)
            if module.pathExtension == "xz" { try await run(.xz, ["-d", copy.path]) }
        }
        try await packInitialRamdisk(root, into: result.initialRamdisk)
        let boot = tree.appending(path: "boot")
        try Files.copy(boot.appending(path: "vmlinuz-\(version)"), to: result.kernel)
        let packed = result.xen.appendingPathExtension("gz")
        let hypervisor = "xen-\(recipe.release.rawValue)-amd64.gz"
        try Files.copy(boot.appending(path: hypervisor), to: packed)
        try await run(.gzip, ["-d", packed.path])
    }

    private func packInitialRamdisk(_ root: URL, into file: URL) async throws(RigError) {
        let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String }
        var command = Command(
            try Tool.cpio.locate(), ["-o", "-H", "newc", "--quiet", "-O", file.path])
        command.directory = root
        let input = (names ?? []).sorted().map { $0 + "\n" }.joined()
        try check(await command.run(input: input), of: .cpio)
    }

    /// The modules and all that they need, in the order in which they are to be loaded.
    private func earlyModules(_ tree: URL, version: String) async throws(RigError) -> [URL] {
        var paths: [String] = []
        for module in recipe.earlyModules {
            let shown = try await run(
                .modprobe, ["-d", tree.path, "-S", version, "--show-depends", module])
            for path in ModprobeOutput.paths(in: shown.output) where !paths.contains(path) {
                paths.append(path)
            }
        }
        return paths.map { URL(fileURLWithPath: $0) }
    }

    /// The disk belongs to root also where an ordinary user made it: mke2fs runs in a user
    /// namespace in which this user is root.
    private func makeDisk(_ tree: URL, result: RootImage) async throws(RigError) {
        let arguments = ["-q", "-t", "ext4", "-O", "^has_journal", "-d", tree.path, "-m", "0"]
        let target = [result.disk.path, "900M"]
        if geteuid() == 0 {
            try await run(.mke2fs, arguments + target)
        } else {
            let mke2fs = try Tool.mke2fs.locate().path
            try await run(.unshare, ["--map-root-user", mke2fs] + arguments + target)
        }
    }

    @discardableResult
    private func run(_ tool: Tool, _ arguments: [String]) async throws(RigError) -> CommandResult {
        let result = try await Command(tool.locate(), arguments).run()
        return try check(result, of: tool)
    }

    @discardableResult
    private func check(_ result: CommandResult, of tool: Tool) throws(RigError) -> CommandResult {
        if result.succeeded { return result }
        if result.output.contains("No space left on device") {
            throw .cannotStore("\(cache.path): the disk is full")
        }
        throw .toolFailed("\(tool.name): \(result.lastLine)")
    }
}
