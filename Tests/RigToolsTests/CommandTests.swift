import Foundation
import Testing

@testable import RigTools

@Suite struct CommandTests {
    /// Those that another part of the process opened, and did not mark as its own.
    @Test func `a child has its three descriptors and no others`() async throws {
        let stray = open("/dev/null", O_RDONLY)
        let far = fcntl(stray, F_DUPFD, 100)
        defer {
            close(stray)
            close(far)
        }
        let list = try await Command(
            URL(fileURLWithPath: "/bin/sh"), ["-c", "echo /proc/$$/fd/*"]
        ).run()
        let names = list.output.split(whereSeparator: \.isWhitespace).map { path in
            path.split(separator: "/").last.map(String.init) ?? ""
        }
        // The shell may open its own while it looks at the directory.
        #expect(names.count <= 4 && names.starts(with: ["0", "1", "2"]), "\(list.output)")
    }
}
