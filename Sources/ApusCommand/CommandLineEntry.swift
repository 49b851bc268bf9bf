// From the words of a command line to a subcommand.

import Foundation
import XenRig

enum Subcommand: Equatable {
    case run(RunCommand)
    case build(BuildCommand)
    case test(TestCommand)
    case fuzz(FuzzCommand)
    case bench(BenchCommand)
    case doctor(DoctorCommand)
    case help(String)

    init(_ words: [String]) throws(UsageError) {
        guard let name = words.first else { throw UsageError("no command") }
        let rest = words.dropFirst()
        let own = rest.prefix { $0 != "--" }
        if Help.commands[name] != nil, own.contains("--help") || own.contains("-h") {
            self = .help(try Self.helpText(for: name))
            return
        }
        switch name {
        case "run": self = .run(try RunCommand(rest))
        case "build": self = .build(try BuildCommand(rest))
        case "test": self = .test(try TestCommand(rest))
        case "fuzz": self = .fuzz(try FuzzCommand(rest))
        case "bench": self = .bench(try BenchCommand(rest))
        case "doctor": self = .doctor(try DoctorCommand(rest))
        case "help": self = .help(try rest.first.map(Self.helpText) ?? Help.general)
        case "--help", "-h": self = .help(Help.general)
        default: throw UsageError("unknown command \"\(name)\"")
        }
    }

    private static func helpText(for command: String) throws(UsageError) -> String {
        guard let text = Help.commands[command] else {
            throw UsageError("unknown command \"\(command)\"")
        }
        return text
    }

    func run() async throws(RigError) -> ExitCode {
        switch self {
        case .run(let command): return try await command.run()
        case .build(let command): return try await command.run()
        case .test(let command): return try await command.run()
        case .fuzz(let command): return try await command.run()
        case .bench(let command): return try await command.run()
        case .doctor(let command): return try await command.run()
        case .help(let text):
            printBytes(Data("\(text)\n".utf8))
            return .success
        }
    }
}

enum CommandLineEntry {
    static func run(_ words: [String]) async -> ExitCode {
        let command: Subcommand
        do throws(UsageError) {
            command = try Subcommand(words)
        } catch {
            Terminal.complain("\(error.text); see apus --help")
            return .usage
        }
        let interruption = Interruption()
        do throws(RigError) {
            let code = try await command.run()
            await interruption.holdIfInterrupted()
            Terminal.clear()
            return code
        } catch {
            await interruption.holdIfInterrupted()
            Terminal.complain("\(error)")
            return ExitCode(error)
        }
    }
}
