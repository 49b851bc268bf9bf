// Audits a file, with the toolchain's disassembler.

import Foundation
import Toolchain

extension Audit {
    /// The disassembler refused the image.
    public struct NotDisassembled: Error, CustomStringConvertible {
        /// What it said.
        public let description: String
    }

    /// Every fault of the image in `file`.
    public func findings(in file: URL, with toolchain: Toolchain) throws -> [Finding] {
        let image = try ELFImage([UInt8](Data(contentsOf: file)))
        return findings(in: image, try Self.disassembly(of: file, with: toolchain))
    }

    /// The code of `file`, cut into functions.
    public static func disassembly(of file: URL, with toolchain: Toolchain) throws -> Disassembly {
        let outcome = try toolchain.command(
            "llvm-objdump", ["-d", "--no-show-raw-insn", "--no-leading-headers", file.path]
        ).run()
        guard outcome.succeeded else { throw NotDisassembled(description: outcome.errors) }
        return Disassembly(text: outcome.output)
    }
}
