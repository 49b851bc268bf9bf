import Foundation
import RigTools
import Testing
import XenRig

@Suite("An image is judged before it boots")
struct ImageCheckTests {
    /// The first thing that is wrong with an image that has these notes of Xen, if anything.
    private func complaint(_ notes: [UInt32], for mode: BootMode) async throws -> String? {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let (source, image) = (directory.appending("image.S"), directory.appending("image"))
        let text = notes.map {
            """
            .long 4, 4, \($0)
            .asciz "Xen"
            .long 0

            """
        }
        try Files.write(
            ".globl _start\n_start: ret\n.section .note.Xen, \"a\", @note\n\(text.joined())",
            to: source)
        let linked = try await Toolchain().command(
            "clang",
            ["--target=x86_64-unknown-linux-gnu", "-nostdlib", "-static", "-fuse-ld=lld"]
                + ["-o", image.path, source.path]
        ).run()
        try #require(linked.succeeded, "\(linked.output)")
        do throws(RigError) {
            try ImageCheck.check(image, for: mode)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("an image with all notes boots in every mode", arguments: BootMode.allCases)
    func acceptsBoth(mode: BootMode) async throws {
        #expect(try await complaint([1, 2, 18], for: mode) == nil)
    }

    @Test("a PV image boots only as PV")
    func refusesPVElsewhere() async throws {
        #expect(try await complaint([1, 2], for: .pv) == nil)
        #expect(try await complaint([1, 2], for: .pvh)?.contains("PHYS32_ENTRY") == true)
        #expect(try await complaint([1, 2], for: .qemu)?.contains("PHYS32_ENTRY") == true)
    }

    @Test("a PVH image does not boot as PV")
    func refusesPVHAsPV() async throws {
        #expect(try await complaint([18], for: .pv)?.contains("no Xen note for PV") == true)
        #expect(try await complaint([18], for: .pvh) == nil)
    }

    @Test("an image without Xen's notes is refused")
    func refusesWithoutNotes() async throws {
        #expect(try await complaint([], for: .pvh)?.contains("no Xen notes") == true)
    }

    @Test("a file that is no image, or is not there, is named")
    func refusesOtherFiles() {
        let text = URL(fileURLWithPath: #filePath)
        #expect(throws: RigError.wrongImage(path: text.path, reason: "is not an ELF image")) {
            try ImageCheck.check(text, for: .pvh)
        }
        #expect(throws: RigError.notFound("/nowhere: cannot read this image")) {
            try ImageCheck.check(URL(fileURLWithPath: "/nowhere"), for: .pvh)
        }
    }
}
