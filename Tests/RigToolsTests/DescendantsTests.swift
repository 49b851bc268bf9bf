import Foundation
import Testing

@testable import RigTools

@Suite struct DescendantsTests {
    private static let rest = " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0"

    @Test func `a name with spaces and parentheses is skipped`() throws {
        let status = try #require(Descendants.status(inText: "12 (a) b (c) S 7" + Self.rest))
        #expect(status == (7, 4711))
    }

    @Test(arguments: ["", "12 (a", "12 (a) S", "12 (a) S x" + rest, "12 (a) Z 7" + rest])
    func `what has ended, or is torn, is none`(text: String) {
        #expect(Descendants.status(inText: text) == nil)
    }

    @Test func `a child's child is found, and gone once it is killed`() async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let note = directory.appending("pid")
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let child = try await ChildProcess.start(
            URL(fileURLWithPath: "/bin/sh"), ["-c", "sleep 600 & echo $! >\(note.path); wait"],
            descriptors: [null, null, null])
        defer { child.kill() }
        var grandchild: pid_t?
        for _ in 0..<1_000 where grandchild == nil {
            try await Task.sleep(for: .milliseconds(10))
            grandchild = Files.read(note).flatMap { pid_t($0.dropLast()) }
        }
        let sleeper = try #require(grandchild)
        let descendants = Descendants.current()
        #expect(descendants.alive.contains(child.pid))
        #expect(descendants.alive.contains(sleeper))
        child.kill()
        _ = await child.wait()
        #expect(!descendants.alive.contains(child.pid))
        for _ in 0..<1_000 where descendants.alive.contains(sleeper) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(!descendants.alive.contains(sleeper))
    }
}
