// Small images made on the spot, each with one fault.

import Foundation
import ImageAudit
import RigTools

/// Assembles, links and audits a few lines of assembly.
struct Assembled {
    let assembly: String
    /// Segment flags of a linker script: 5 is readable and executable, 7 writable too.
    var segmentFlags = 5
    var linkerOptions: [String] = []

    /// What the audit finds in it.
    func findings(allowing allowed: Set<String> = []) async throws -> [Finding] {
        let toolchain = try Toolchain()
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let image = try await link(in: directory, with: toolchain)
        let audit = Audit(libraryExports: ["memcpy", "fork"], allowed: allowed)
        return try await audit.findings(in: image, with: toolchain)
    }

    private func link(in directory: TemporaryDirectory, with toolchain: Toolchain) async throws
        -> URL
    {
        let source = directory.appending("image.S")
        let script = directory.appending("image.ld")
        let image = directory.appending("image")
        try Files.write(assembly, to: source)
        let layout = """
            PHDRS { all PT_LOAD FLAGS(\(segmentFlags)); }
            SECTIONS { . = 0x100000; .text : { *(.text) } :all }
            """
        try Files.write(layout, to: script)
        let outcome = try await toolchain.command(
            "clang",
            [
                "--target=x86_64-unknown-linux-gnu", "-nostdlib", "-static", "-fuse-ld=lld",
                "-Wl,-T,\(script.path)", "-Wl,-z,max-page-size=4096",
            ] + linkerOptions + ["-o", image.path, source.path]
        ).run()
        guard outcome.succeeded else { throw RigError.toolFailed(outcome.output) }
        return image
    }
}
