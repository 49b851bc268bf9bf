// Audits a file, with the toolchain's disassembler.

import Foundation
import RigTools

extension Audit {
    /// Every fault of the image in `file`.
    package func findings(
        in file: URL, with toolchain: Toolchain
    ) async throws(RigError) -> [Finding] {
        let image = try ELFImage(at: file)
        let code = try await Self.disassembly(of: file, with: toolchain)
        do throws(ELFImage.Fault) {
            return try findings(in: image, code)
        } catch {
            throw .wrongImage(path: file.path, reason: "\(error)")
        }
    }

    /// The code of `file`, cut into functions.
    package static func disassembly(
        of file: URL, with toolchain: Toolchain
    ) async throws(RigError) -> Disassembly {
        let outcome = try await toolchain.command(
            "llvm-objdump", ["-d", "--no-show-raw-insn", "--no-leading-headers", file.path]
        ).run(.apart)
        guard outcome.succeeded else { throw .toolFailed("llvm-objdump: \(outcome.errors)") }
        return Disassembly(text: outcome.output)
    }
}
