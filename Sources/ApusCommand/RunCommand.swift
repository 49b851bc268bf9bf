// `apus run`: build, boot, show the console, pass on the exit status.

import Foundation
import XenRig

struct RunCommand: Equatable {
    let program: String
    let mode: BootMode
    let memoryMiB: Int
    let vcpus: Int
    let package: String?
    let mirror: String?
    let timeoutSeconds: Int?
    let flavour: Flavour
    let arguments: [String]

    static let valued: Set = [
        "--mode", "--memory", "--vcpus", "--package", "--mirror", "--timeout", "--xen", "--store",
    ]

    init(_ words: some Sequence<String>) throws(UsageError) {
        let parsed = try Arguments(words, valued: Self.valued)
        program = try parsed.only("the program's name")
        let mode = parsed.values["--mode"] ?? BootMode.pvh.rawValue
        guard let known = BootMode(rawValue: mode) else {
            throw UsageError("--mode is pv, pvh or qemu, not \"\(mode)\"")
        }
        self.mode = known
        memoryMiB = try parsed.number("--memory", in: 1...65536) ?? 64
        vcpus = try parsed.number("--vcpus", in: 1...64) ?? 1
        timeoutSeconds = try parsed.number("--timeout", in: 1...86_400)
        package = parsed.values["--package"]
        mirror = parsed.values["--mirror"]
        arguments = parsed.rest
        flavour = try Self.flavour(parsed)
        guard flavour == .standard || known != .qemu else {
            throw UsageError("--xen and --store are for --mode pv and pvh")
        }
    }

    private static func flavour(_ parsed: Arguments) throws(UsageError) -> Flavour {
        Flavour(
            xen: try parsed.choice("--xen") ?? Flavour.standard.xen,
            store: try parsed.choice("--store") ?? Flavour.standard.store)
    }

    func run() async throws(RigError) -> ExitCode {
        let image = try await Program.image(program, package: package)
        try ImageCheck.check(image.file, for: mode)
        var options = RigOptions()
        options.mirror = mirror
        options.flavour = flavour
        let isCached = RootImage.isCached(of: flavour.xen)
        let needed: [Requirements.Purpose] = isCached ? [.boot] : [.boot, .root]
        try await Requirements.install(for: needed, progress: Terminal.progress)
        options.memoryMiB = max(2048, memoryMiB + 1536)
        let rig = try await Rig.boot(mode.rig, options, progress: Terminal.progress)
        do {
            let code = try await boot(image, on: rig)
            await rig.shutdown()
            return code
        } catch {
            await rig.shutdown()
            throw error
        }
    }

    private func boot(_ image: GuestImage, on rig: Rig) async throws(RigError) -> ExitCode {
        Terminal.progress.report("Starting \(image.file.lastPathComponent)")
        let configuration = DomainConfiguration(
            name: Program.domainName(program), image: image.file, mode: mode,
            memoryMiB: memoryMiB, vcpus: vcpus, arguments: arguments)
        let domain = try await rig.start(configuration)
        Terminal.clear()
        let input = ConsoleInput(domain)
        defer { input.stop() }
        let output = ConsoleOutput(domain, symboliser: Symboliser(image: image.unstripped))
        let ending = try await output.show(untilEnd: timeoutSeconds.map { .seconds($0) })
        return verdict(ending, output.exitStatus)
    }

    private func verdict(_ ending: Ending, _ status: Int32?) -> ExitCode {
        switch (ending, status) {
        case (.poweroff, .some(let status)):
            return ExitCode(rawValue: status)
        case (.crash, _):
            Terminal.complain("the domain crashed")
            return .crashed
        case (.watchdog, _):
            Terminal.complain("the domain's watchdog ended it")
            return .crashed
        default:
            Terminal.complain("the domain ended (\(ending)) without an exit status")
            return .noVerdict
        }
    }
}
