// Small images made on the spot, each with one fault.

import Foundation
import ImageAudit
import Toolchain

/// Assembles, links and audits a few lines of assembly.
struct Assembled {
    let assembly: String
    /// Segment flags of a linker script: 5 is readable and executable, 7 writable too.
    var segmentFlags = 5
    var linkerOptions: [String] = []

    /// What the audit finds in it.
    func findings(allowing allowed: Set<String> = []) throws -> [Finding] {
        let toolchain = try Toolchain()
        return try TemporaryDirectory.with { directory in
            let image = try link(in: directory, with: toolchain)
            let audit = Audit(libraryExports: ["memcpy", "fork"], allowed: allowed)
            return try audit.findings(in: image, with: toolchain)
        }
    }

    private func link(in directory: URL, with toolchain: Toolchain) throws -> URL {
        let source = directory.appendingPathComponent("image.S")
        let script = directory.appendingPathComponent("image.ld")
        let image = directory.appendingPathComponent("image")
        try assembly.write(to: source, atomically: true, encoding: .utf8)
        try """
        PHDRS { all PT_LOAD FLAGS(\(segmentFlags)); }
        SECTIONS { . = 0x100000; .text : { *(.text) } :all }
        """.write(to: script, atomically: true, encoding: .utf8)
        let outcome = try toolchain.command(
            "clang",
            [
                "--target=x86_64-unknown-linux-gnu", "-nostdlib", "-static", "-fuse-ld=lld",
                "-Wl,-T,\(script.path)", "-Wl,-z,max-page-size=4096",
            ] + linkerOptions + ["-o", image.path, source.path]
        ).run()
        guard outcome.succeeded else { throw NotLinked(description: outcome.errors) }
        return image
    }

    struct NotLinked: Error, CustomStringConvertible {
        let description: String
    }
}
