// A root image in the cache: the files that QEMU is given.

import Foundation
import RigTools

/// The hypervisor, the kernel, its initramfs and the read-only root disk.
public struct RootImage: Sendable {
    let directory: URL

    var xen: URL { directory.appending(path: "xen") }
    var kernel: URL { directory.appending(path: "vmlinuz") }
    var initialRamdisk: URL { directory.appending(path: "initrd.cpio") }
    var disk: URL { directory.appending(path: "root.ext4") }

    private static func finished(_ recipe: RootRecipe) -> URL {
        Cache.directory.appending(path: "root-\(recipe.key)")
    }

    /// Whether this machine has the image of the current recipe for `release`.
    public static func isCached(of release: XenRelease) -> Bool {
        Files.exists(finished(RootRecipe(release)))
    }

    /// The image of the current recipe for `release`, built first if this machine has none.
    ///
    /// Two processes that ask at once build once: the second waits for the first.
    static func prepared(
        of release: XenRelease, mirror: String?, progress: Progress
    ) async throws(RigError) -> RootImage {
        let cache = Cache.directory
        let recipe = RootRecipe(release)
        let finished = finished(recipe)
        if Files.exists(finished) { return RootImage(directory: finished) }
        try Files.makeDirectory(cache)
        let lockFile = cache.appending(path: "root.lock")
        let lock = try await FileLock.locking(lockFile) {
            progress.report("Waiting for another run that builds the root image")
        }
        if !Files.exists(finished) {
            removeLeftovers(of: cache)
            try await RootImageBuilder(
                recipe: recipe, cache: cache, destination: finished, mirror: mirror,
                progress: progress
            ).build()
        }
        _ = consume lock
        return RootImage(directory: finished)
    }

    /// What a killed build left: the lock is ours, so nobody is at it.
    private static func removeLeftovers(of cache: URL) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: cache.path)) ?? []
        for name in names where name.hasPrefix("building-") {
            Files.remove(cache.appending(path: name))
        }
    }
}
