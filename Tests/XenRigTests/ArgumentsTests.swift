import Testing
import XenRig

@testable import ApusCommand

@Suite("The command line is read as --help says")
struct ArgumentsTests {
    @Test("options may stand anywhere before --, the rest is the application's")
    func run() throws {
        let words = ["--mode=pv", "Hello", "--memory", "8", "--", "--mode", "x", "--"]
        let command = try RunCommand(words)
        #expect(command.program == "Hello")
        #expect(command.mode == .pv)
        #expect(command.memoryMiB == 8)
        #expect(command.arguments == ["--mode", "x", "--"])
    }

    @Test("what is left out has its documented default")
    func defaults() throws {
        let command = try RunCommand(["Hello"])
        #expect(command.mode == .pvh)
        #expect(command.memoryMiB == 64)
        #expect(command.vcpus == 1)
        #expect(command.arguments.isEmpty)
        #expect(command.flavour == .standard)
    }

    @Test("a fuzzer runs for a minute unless told otherwise")
    func fuzz() throws {
        #expect(try FuzzCommand([]).seconds == 60)
        let command = try FuzzCommand(["FuzzXenStore", "--seconds=5"])
        #expect(command.name == "FuzzXenStore")
        #expect(command.seconds == 5)
        #expect(throws: UsageError.self) { try FuzzCommand(["--seconds", "many"]) }
        #expect(throws: UsageError.self) { try FuzzCommand(["A", "B"]) }
    }

    @Test("a bench runs three times on each side unless told otherwise")
    func bench() throws {
        let command = try BenchCommand(["block"])
        #expect(command.subject == .block)
        #expect(command.mode == .pvh)
        #expect(command.runs == 3)
        #expect(!command.printsJSON && command.grants == .kept)
        let other = try BenchCommand(
            ["--json", "block", "--mode=pv", "--runs", "5", "--grants", "each"])
        #expect(other.mode == .pv && other.runs == 5 && other.printsJSON)
        #expect(other.grants == .each)
    }

    @Test("a flavour of the rig is a Xen and a store")
    func flavour() throws {
        let command = try RunCommand(["Hello", "--xen", "4.17", "--store=oxenstored"])
        #expect(command.flavour == Flavour(xen: .xen417, store: .oxenstored))
    }

    @Test(
        "what is wrong is said in one line",
        arguments: [
            [], ["frob"], ["run"], ["run", "a", "b"], ["run", "a", "--mode"],
            ["run", "a", "--mode", "hvm"], ["run", "a", "--memory", "0"],
            ["run", "a", "--vcpus", "many"], ["run", "a", "--xen", "4.2"],
            ["run", "a", "--store", "redis"], ["run", "a", "--mode", "qemu", "--xen", "4.17"],
            ["run", "a", "--frob"], ["build"],
            ["bench"], ["bench", "tea"], ["bench", "block", "--mode", "qemu"],
            ["bench", "block", "--runs", "0"], ["doctor", "x"], ["test", "x"], ["help", "frob"],
        ])
    func wrong(words: [String]) {
        do throws(UsageError) {
            _ = try Subcommand(words)
            Issue.record("accepted")
        } catch {
            #expect(!error.text.isEmpty && !error.text.contains("\n"))
        }
    }

    @Test("help is there for every command", arguments: ["run", "build", "test", "fuzz", "doctor"])
    func help(command: String) throws {
        let text = try #require(Help.commands[command])
        #expect(try Subcommand(["help", command]) == .help(text))
        #expect(try Subcommand([command, "--help"]) == .help(text))
        #expect(text.contains("Usage: apus \(command)"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 90 })
        #expect(Help.general.contains("\n  \(command) "))
    }

    @Test("a --help after -- is the application's")
    func applicationHelp() throws {
        let command = try RunCommand(["Hello", "--", "--help"])
        #expect(try Subcommand(["run", "Hello", "--", "--help"]) == .run(command))
    }

    @Test("every option of run is in its help", arguments: RunCommand.valued)
    func options(option: String) throws {
        #expect(try #require(Help.commands["run"]).contains("  \(option) "))
    }

    @Test("tests run in two parts unless one is asked for")
    func parts() throws {
        #expect(try TestCommand([]).parts == [.unit, .boot])
        #expect(try TestCommand(["--unit"]).parts == [.unit])
        #expect(try TestCommand(["--boot", "--filter", "Block"]).parts == [.boot])
    }

    @Test("a domain's name is one that xl takes")
    func names() {
        #expect(Program.domainName("Hello") == "Hello")
        #expect(Program.domainName("./a dir/k.elf") == "k")
        #expect(Program.domainName("a_b") == "a-b")
    }
}
