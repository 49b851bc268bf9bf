// The two sets of headers that are compared: ours, and those of the distribution.

import Foundation
import RigTools

/// Headers that a C compiler can read.
struct Headers {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Options that the compiler needs for them.
    let options: [String]
    /// The lines that include them.
    let preamble: String

    static let root = Checkout.root()

    /// Everything under `xen/` in a directory laid out like ours.
    static func ours(
        in directory: URL = root.appendingPathComponent("xen-headers/include")
    ) throws -> Self {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: directory.appendingPathComponent("xen").path)
        let includes = names.sorted().map { "#include \"\(directory.path)/xen/\($0)\"\n" }
        return Self(options: [], preamble: includes.joined())
    }

    /// The distribution's, of the newest interface that they offer.
    static func distribution(in directory: String = "/usr/include/xen") throws(Failure) -> Self {
        guard FileManager.default.fileExists(atPath: directory + "/xen.h") else {
            throw Failure(
                description: "Xen's headers are not in \(directory): apt-get install libxen-dev")
        }
        let names = [
            "xen", "event_channel", "sched", "vcpu", "memory", "version", "callback", "nmi",
            "elfnote", "errno", "grant_table", "io/console", "io/xs_wire", "io/xenbus", "io/blkif",
            "io/netif",
            "hvm/hvm_op", "hvm/params", "hvm/hvm_vcpu", "arch-x86/hvm/start_info", "arch-x86/cpuid",
        ]
        let includes = names.map { "#include \"\(directory)/\($0).h\"\n" }
        let version = "-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__"
        return Self(options: [version], preamble: "#include <stdint.h>\n" + includes.joined())
    }

    /// What every C file has, whatever it includes.
    private static let nothing = Self(
        options: [], preamble: "#include <stdint.h>\n#include <stddef.h>\n")

    /// Every name that these headers declare themselves.
    func inventory(with toolchain: Toolchain) async throws -> Inventory {
        try await declared(with: toolchain)
            .subtracting(try await Self.nothing.declared(with: toolchain))
    }

    private func declared(with toolchain: Toolchain) async throws -> Inventory {
        func dump(_ options: String...) async throws -> String {
            try await compile(preamble, ["-ffreestanding"] + options, with: toolchain).get()
        }
        let layouts = try await dump("-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete")
        let tree = Data(try await dump("-fsyntax-only", "-Xclang", "-ast-dump=json").utf8)
        let enumerators = try Inventory.declarations(ofKind: "EnumConstantDecl", inTree: tree)
        return Inventory(
            records: Inventory.records(inLayouts: layouts),
            types: try Inventory.declarations(ofKind: "TypedefDecl", inTree: tree),
            // Offsets have names of ours and values of `offsetof`, which is compared itself.
            constants: Inventory.constants(inMacros: try await dump("-dM", "-E"))
                + enumerators.filter { !$0.hasPrefix("offset_of_") })
    }

    /// What the compiler writes for a C file, or its complaints.
    func compile(
        _ text: String, _ more: [String], with toolchain: Toolchain
    ) async throws -> Result<String, Failure> {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let file = directory.appending("probe.c")
        try Files.write(text, to: file)
        let outcome = try await toolchain.command(
            "clang", ["-std=gnu11", "-w", "-ferror-limit=0"] + options + more + [file.path]
        ).run(.apart)
        if outcome.succeeded { return .success(outcome.output) }
        return .failure(Failure(description: outcome.errors))
    }
}
