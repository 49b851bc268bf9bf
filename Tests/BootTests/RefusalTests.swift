// What is wrong with an image or a machine: one clear line, a status, and nothing half-made.

import Foundation
import Testing
import XenRig

/// A way to spoil an image.
enum Spoiling: String, CaseIterable, CustomTestStringConvertible {
    case withoutNotes, of32Bits, truncated, empty

    var testDescription: String { rawValue }

    func apply(to image: [UInt8]) -> [UInt8] {
        var bytes = image
        switch self {
        case .empty: return []
        case .truncated: return Array(bytes[..<(bytes.count / 2)])
        case .of32Bits: bytes[4] = 1
        case .withoutNotes:
            // Program headers begin at byte 64, each of 56 bytes; type 4 is PT_NOTE.
            for index in 0..<Int(bytes[56]) where bytes[64 + 56 * index] == 4 {
                bytes[64 + 56 * index] = 0
            }
        }
        return bytes
    }
}

extension Boot {
    @Suite struct Refusals {
        @Test(arguments: Spoiling.allCases, [BootMode.pv, .pvh, .qemu])
        func `a wrong image is refused before anything boots`(
            spoiling: Spoiling, mode: BootMode
        ) async throws {
            let scratch = try Scratch()
            let file = scratch.directory.appending(path: "wrong.elf")
            let image = [UInt8](try Data(contentsOf: try await Image.hello.file))
            try Data(spoiling.apply(to: image)).write(to: file)
            let outcome = try await ApusProcess.run(
                ["run", file.path, "--mode", mode.rawValue], in: scratch)
            #expect(outcome.status == 65)
            #expect(outcome.output == "")
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.hasPrefix("apus: \(file.path): "))
            #expect(scratch.leftovers == [])
        }

        @Test func `an image that is not there is said to be missing`() async throws {
            let scratch = try Scratch()
            let outcome = try await ApusProcess.run(["run", "./no/such.elf"], in: scratch)
            #expect(outcome.status == 66)
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("such.elf"))
        }

        @Test func `missing tools are named, with the line that installs them`() async throws {
            let image = try await Image.hello.file.path
            let scratch = try Scratch()
            let outcome = try await ApusProcess.run(
                ["run", image], in: scratch, environment: ["PATH": scratch.directory.path])
            #expect(outcome.status == 69)
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("qemu-system-x86_64"))
            #expect(outcome.errors.contains("apt-get install"))
            #expect(scratch.leftovers == [])
        }

        @Test func `without a network the mirror is blamed, the cache stays clean`() async throws {
            let image = try await Image.hello.file.path
            let scratch = try Scratch()
            let cache = scratch.directory.appending(path: "cache")
            let outcome = try await Stage.ordinary.run {
                // Nobody listens on the port for discarding.
                try await ApusProcess.run(
                    ["run", image, "--mirror", "http://127.0.0.1:9/debian"], in: scratch,
                    environment: ["APUS_CACHE": cache.path])
            }
            #expect(outcome.status == 69)
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("http://127.0.0.1:9/debian"))
            let left = try FileManager.default.contentsOfDirectory(atPath: cache.path)
            #expect(left == ["root.lock"])
            #expect(scratch.leftovers == [])
        }

        /// Runs `apus run` in a mount namespace in which `directory` is a file system of its own.
        private func run(
            _ arguments: [String], _ scratch: Scratch, mounting options: String,
            at directory: URL, environment: [String: String] = [:]
        ) async throws -> ApusProcess.Outcome {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
            let rights = geteuid() == 0 ? [] : ["--map-root-user"]
            let script = """
                mount -t tmpfs -o \(options) tmpfs "$0" || exit 99
                "$@"
                status=$?
                find "$0" -mindepth 1
                exit $status
                """
            return try await ApusProcess.run(
                arguments, in: scratch, environment: environment,
                wrapper: ["/usr/bin/unshare", "--mount"] + rights
                    + ["/bin/sh", "-c", script, directory.path])
        }

        @Test(arguments: [
            ("size=1m", "free"), ("ro", "Read-only file system"),
        ])
        func `a cache that cannot be filled is refused`(
            options: String, reason: String
        ) async throws {
            let image = try await Image.hello.file.path
            let scratch = try Scratch()
            let cache = scratch.directory.appending(path: "cache")
            let outcome = try await run(
                ["run", image], scratch, mounting: options, at: cache,
                environment: ["APUS_CACHE": cache.path])
            #expect(outcome.status == 73, "\(outcome.errors)")
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains(reason), "\(outcome.errors)")
            #expect(["", "\(cache.path)/root.lock\n"].contains(outcome.output))
            #expect(scratch.leftovers == [])
        }

        @Test func `a full disk under a run is said to be full`() async throws {
            let image = try await Image.hello.file.path
            let scratch = try Scratch()
            let outcome = try await Stage.ordinary.run {
                try await run(
                    ["run", image], scratch, mounting: "size=64k", at: scratch.temporary)
            }
            #expect(outcome.status == 73, "\(outcome.errors)")
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("No space left on device"), "\(outcome.errors)")
            #expect(outcome.output == "")
            #expect(scratch.processes == [])
        }
    }
}
