import Foundation
import RigTools
import Testing

@testable import XenRig

@Suite("The mirror is that of the machine's apt")
struct AptSourcesTests {
    @Test("one-line sources: options, comments, other types")
    func lines() {
        let text = """
            # deb http://commented.test/debian trixie main
            deb-src http://m.test/debian trixie main
            deb [arch=amd64 signed-by=/k.gpg] http://m.test/debian trixie main contrib # why
            deb [ arch=amd64 ] http://n.test/other stable main
            deb broken
            """
        #expect(
            AptSources.parseLines(text) == [
                AptSource(
                    uri: "http://m.test/debian", suite: "trixie", components: ["main", "contrib"]),
                AptSource(uri: "http://n.test/other", suite: "stable", components: ["main"]),
            ])
    }

    @Test("stanzas: several values, lines that go on, disabled ones")
    func stanzas() {
        let text = """
            Types: deb deb-src
            # a comment
            URIs: http://m.test/debian/
            Suites: bookworm
             bookworm-updates
            Components: main

            Types: deb
            URIs: http://off.test/debian
            Suites: x
            Components: main
            Enabled: no
            """
        let sources = AptSources.parseStanzas(text)
        #expect(sources.map(\.suite) == ["bookworm", "bookworm-updates"])
        #expect(sources.allSatisfy { $0.uri == "http://m.test/debian/" })
    }

    @Test("security updates and other vendors are not the distribution")
    func choosesDebian() {
        let main = ["main"]
        #expect(AptSource(uri: "http://m.test/debian/", suite: "x", components: main).isDebian)
        #expect(!AptSource(uri: "http://m.test/debian", suite: "x", components: []).isDebian)
        #expect(!AptSource(uri: "http://m.test/apt", suite: "x", components: main).isDebian)
        let security = AptSource(
            uri: "http://m.test/debian", suite: "bookworm-security", components: main)
        #expect(!security.isDebian)
    }

    @Test("a configuration directory is read in apt's order, and mirror lists are followed")
    func directory() throws {
        let run = try TemporaryDirectory.make()
        defer { run.remove() }
        let parts = run.root.appending(path: "sources.list.d")
        try Files.makeDirectory(parts)
        #expect(Mirror.configured(in: run.root) == nil)
        let list = run.root.appending(path: "debian.list")
        try Files.write("http://second.test/debian\tpriority:1\n", to: list)
        let text = "Types: deb\nURIs: mirror+file://\(list.path)\nSuites: x\nComponents: main\n"
        try Files.write(text, to: parts.appending(path: "debian.sources"))
        #expect(Mirror.configured(in: run.root) == "http://second.test/debian")
        let first = run.root.appending(path: "sources.list")
        try Files.write("deb http://first.test/debian x main\n", to: first)
        #expect(Mirror.configured(in: run.root) == "http://first.test/debian")
    }

    @Test("mmdebstrap's failures become one line that says what to do")
    func failures() {
        let unreachable = CommandResult(
            status: 1, output: "",
            errors: """
                I: running apt-get update...
                E: Failed to fetch http://m.test/debian/InRelease  Could not resolve 'm.test'
                E: mmdebstrap failed to run
                """)
        let error = FetchFailure(unreachable, mirror: "http://m.test/debian").error
        #expect("\(error)".contains("Could not resolve 'm.test'"))
        #expect("\(error)".contains("--mirror"))
        let full = CommandResult(
            status: 1, output: "", errors: "write (28: No space left on device)")
        guard case .cannotStore = FetchFailure(full, mirror: "m").error else {
            Issue.record("a full disk is not named")
            return
        }
    }

    @Test("modprobe's list of modules is read, whatever the path")
    func modprobe() {
        let text = "builtin ext4\ninsmod /a b/x.ko.xz opt=1\ninsmod /c/y.ko.xz \n"
        #expect(ModprobeOutput.paths(in: text) == ["/a b/x.ko.xz", "/c/y.ko.xz"])
    }

    @Test("the cache is where the environment says")
    func cache() {
        func path(_ environment: [String: String]) -> String {
            Cache.directory(environment: environment, home: "/h").path
        }
        #expect(path(["APUS_CACHE": "/c", "XDG_CACHE_HOME": "/x"]) == "/c")
        #expect(path(["XDG_CACHE_HOME": "/x"]) == "/x/apus")
        #expect(path(["XDG_CACHE_HOME": "relative"]) == "/h/.cache/apus")
        #expect(path([:]) == "/h/.cache/apus")
    }
}
