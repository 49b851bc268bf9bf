// What this machine must have, what of it is missing, and the line that installs it.

import Foundation
import RigTools

public enum Requirements {
    /// What the tools are needed for.
    public enum Purpose: CaseIterable, Sendable {
        /// Booting the emulated machine.
        case boot
        /// Building the root image.
        case root
        /// The project's own tests.
        case tests
    }

    static func tools(for purpose: Purpose) -> [Tool] {
        switch purpose {
        case .boot: [.setpriv, .qemu]
        case .root:
            [.mmdebstrap, .tar, .cpio, .xz, .gzip, .depmod, .modprobe, .mke2fs]
                + (geteuid() == 0 ? [] : [.newuidmap, .unshare])
        case .tests: [.xenHeaders]
        }
    }

    /// The tools of `purpose` that this machine lacks.
    package static func missing(for purpose: Purpose) -> [Tool] {
        tools(for: purpose).filter { $0.find() == nil }
    }

    /// Throws `missingTools` with the line that helps.
    static func check(_ purpose: Purpose) throws(RigError) {
        let missing = missing(for: purpose)
        guard missing.isEmpty else {
            let line = Tool.installLine(for: missing.map(\.package))
            throw .missingTools(missing.map(\.name), remedy: line)
        }
    }

    /// Installs what `purposes` lack, as root; for others, throws with the line to type.
    public static func install(
        for purposes: [Purpose], progress: Progress
    ) async throws(RigError) {
        let missing = purposes.flatMap { self.missing(for: $0) }
        guard !missing.isEmpty else { return }
        let packages = Set(missing.map(\.package)).sorted()
        let line = Tool.installLine(for: packages)
        guard geteuid() == 0, let aptGet = Tool.aptGet.find() else {
            throw .missingTools(missing.map(\.name), remedy: line)
        }
        progress.report("Installing \(packages.joined(separator: " "))")
        let environment = ["DEBIAN_FRONTEND": "noninteractive"]
        for arguments in [
            ["-q", "update"], ["-q", "install", "-y", "--no-install-recommends"] + packages,
        ] {
            var command = Command(aptGet, arguments)
            command.environment = environment
            let result = try await command.run()
            // A failed update may still leave lists good enough for the install.
            guard result.succeeded || arguments.contains("update") else {
                throw .missingTools(
                    missing.map(\.name), remedy: "\(line) (which failed: \(result.lastLine))")
            }
        }
    }
}
