// `apus bench`: a guest of ours beside Linux, in figures.

import Foundation
import XenRig

struct BenchCommand: Equatable {
    enum Subject: String, CaseIterable {
        case block
    }

    let subject: Subject
    let mode: BootMode
    let runs: Int
    let milliseconds: Int
    let countsAll: Bool
    let grants: BlockBench.Grants
    let filter: String
    let printsJSON: Bool
    let mirror: String?

    /// Where the guest of the benches is, from the checkout's root.
    private static let package = "Tests/Benchmarks"
    private static let program = "Benchmarks"

    init(_ words: some Sequence<String>) throws(UsageError) {
        let parsed = try Arguments(
            words,
            valued: [
                "--mode", "--runs", "--seconds", "--milliseconds", "--grants", "--filter",
                "--mirror",
            ],
            plain: ["--json", "--counted"])
        let name = try parsed.only("what is to be measured")
        guard let subject = Subject(rawValue: name) else {
            let names = Subject.allCases.map(\.rawValue).joined(separator: " or ")
            throw UsageError("there is no bench \"\(name)\", but \(names)")
        }
        self.subject = subject
        let mode: BootMode = try parsed.choice("--mode") ?? .pvh
        guard mode.rig == .xen else { throw UsageError("--mode is pv or pvh, not \"\(mode)\"") }
        self.mode = mode
        runs = try parsed.number("--runs", in: 1...100) ?? 3
        let seconds = try parsed.number("--seconds", in: 1...600) ?? 2
        milliseconds =
            try parsed.number("--milliseconds", in: 10...600_000) ?? 1000 * seconds
        countsAll = parsed.flags.contains("--counted")
        grants = try parsed.choice("--grants") ?? .kept
        filter = parsed.values["--filter"] ?? ""
        printsJSON = parsed.flags.contains("--json")
        mirror = parsed.values["--mirror"]
    }

    func run() async throws(RigError) -> ExitCode {
        let isCached = RootImage.isCached(of: Flavour.standard.xen)
        try await Requirements.install(
            for: isCached ? [.boot] : [.boot, .root], progress: Terminal.progress)
        let root = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        let directory = root.appending(path: Self.package)
        guard FileManager.default.fileExists(atPath: directory.path) else {
            throw .notFound("no \(Self.package) here: run it in the checkout of Apus")
        }
        let image = try await Program.image(Self.program, package: directory.path)
        try ImageCheck.check(image.file, for: mode)
        let report = try await measure(image)
        Terminal.clear()
        printBytes(Data((printsJSON ? report.json : report.table).utf8))
        return .success
    }

    private func measure(_ image: GuestImage) async throws(RigError) -> BenchReport {
        switch subject {
        case .block:
            try await BlockBench(
                image: image, mode: mode, runs: runs, milliseconds: milliseconds,
                countsAll: countsAll, grants: grants, filter: filter, mirror: mirror,
                progress: Terminal.progress
            ).report()
        }
    }
}
