// How a failed guest ends: with words that name the place, and crashed for the toolstack.

import Testing
import XenRig

/// A way to fail, and what the console must say of it.
struct Failure: CustomTestStringConvertible {
    let subject: String
    let words: [String]
    /// The function that the backtrace must lead to.
    let function: String

    var testDescription: String { subject }

    private static let runtimeFailure = "fault: invalid instruction (or a Swift runtime failure)"

    static let all = [
        Failure(
            subject: "precondition", words: ["the probe breaks its precondition", runtimeFailure],
            function: "breakPrecondition"),
        Failure(
            subject: "index", words: ["Index out of range", runtimeFailure],
            function: "readPastTheEnd"),
        Failure(subject: "overflow", words: [runtimeFailure], function: "addTooMuch"),
        Failure(
            subject: "unmapped",
            words: ["fault: page fault, read of 0x0000200000000000 (not mapped)"],
            function: "readByte"),
        Failure(
            subject: "null", words: ["fault: page fault, read of 0x0000000000000008 (not mapped)"],
            function: "readByte"),
        Failure(
            subject: "writetext", words: ["fault: page fault, write to 0x", "(not permitted)"],
            function: "writeByte"),
        Failure(
            subject: "writeconstant", words: ["fault: page fault, write to 0x", "(not permitted)"],
            function: "writeByte"),
        Failure(
            subject: "executedata",
            words: ["fault: page fault, execution of 0x", "(not permitted)"],
            function: "callHeap"),
    ]
}

extension Boot {
    @Suite struct Faults {
        @Test(arguments: Failure.all, BootMode.allCases)
        func `a failure says what and where, and the domain is crashed`(
            failure: Failure, mode: BootMode
        ) async throws {
            let end = try await Stage.ordinary.run {
                try await Domain.probe([failure.subject], mode).waitForEnd()
            }
            #expect(end.ending == .crash)
            #expect(end.exitStatus == nil)
            for words in failure.words { #expect(end.console.contains(words), "\(end.console)") }
            let symboliser = Symboliser(image: try await Image.probe.unstripped)
            let lines = end.console.split(separator: "\n").map(String.init)
            let named = await symboliser.annotated(lines).filter { $0.hasPrefix("  #") }
            let trace = named.joined(separator: "\n")
            #expect(named.contains { $0.contains(failure.function) }, "\(trace)")
            #expect(named.contains { $0.contains("Probe+Failures.swift:") })
        }

        @Test(arguments: [BootMode.pvh, .qemu])
        func `a stack overflow is told as such`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                try await Domain.probe(["stackoverflow"], mode).waitForEnd()
            }
            #expect(end.ending == .crash)
            let line = end.console.split(separator: "\n").first { $0.hasPrefix("apus: fault: ") }
            #expect(line?.hasPrefix("apus: fault: page fault, write to 0x") == true)
            #expect(line?.contains("(stack overflow)") == true, "\(end.console)")
            let symboliser = Symboliser(image: try await Image.probe.unstripped)
            let lines = end.console.split(separator: "\n").map(String.init)
            #expect(await symboliser.annotated(lines).contains { $0.contains("recurse") })
        }

        @Test func `Xen itself crashes a PV domain whose stack overflows`() async throws {
            let end = try await Stage.ordinary.run {
                try await Domain.probe(["stackoverflow"], .pv).waitForEnd()
            }
            #expect(end.ending == .crash)
            #expect(!end.console.contains("the failure did not end the domain"))
        }

        @Test(arguments: BootMode.allCases)
        func `a heap that is exhausted says how much was asked for`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                try await Domain.probe(["exhaust"], mode).waitForEnd()
            }
            #expect(end.ending == .crash)
            #expect(
                end.console.contains("apus: fatal: out of memory: 1000000 bytes asked for, "),
                "\(end.console)")
            // Of 64 MiB, all but the image, the tables and the records could be had.
            #expect(end.console.contains("\n50 MB\n"), "\(end.console)")
            let symboliser = Symboliser(image: try await Image.probe.unstripped)
            let lines = end.console.split(separator: "\n").map(String.init)
            #expect(await symboliser.annotated(lines).contains { $0.contains("exhaustMemory") })
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `memory that a domain may have later is not touched`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["exhaust"], mode) {
                    $0.memoryMiB = 32
                    $0.maximumMemoryMiB = 128
                }
                return try await domain.waitForEnd()
            }
            #expect(end.ending == .crash)
            #expect(end.console.contains("apus: fatal: out of memory: "), "\(end.console)")
            #expect(end.console.contains("\n20 MB\n"), "\(end.console)")
            #expect(!end.console.contains("\n40 MB\n"), "\(end.console)")
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `the toolstack does with a crashed domain as it is told`(mode: BootMode) async throws {
            let (kept, destroyed) = try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: mode)
                let kept = try await Domain.probe(["null"], mode)
                try await kept.wait(for: "apus: fault: page fault")
                // The fifth letter of the state: r, b, p, s, c, d.
                let state = try await rig.run(
                    """
                    for i in $(seq 100); do
                        state=$(xl list \(kept.name) | awk 'NR == 2 { print $5 }')
                        case $state in *c*) break ;; esac
                        usleep 50000
                    done
                    echo $state
                    """)
                _ = try await kept.waitForEnd()

                let domain = try await Domain.probe(["null"], mode) { $0.onCrash = .destroy }
                let end = try await domain.waitForEnd()
                #expect(end.ending == .crash)
                let list = try await rig.run("sleep 1; xl list \(domain.name)")
                return (state.output, list)
            }
            #expect(kept.contains("c"), "\(kept)")
            #expect(!destroyed.succeeded, "\(destroyed.output)")
        }
    }
}
