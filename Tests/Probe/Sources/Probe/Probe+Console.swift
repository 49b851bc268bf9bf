// The console, both ways.

import Apus

extension Probe {
    /// Says each line back until one says "quit".
    static func echo() async {
        print("ready")
        for await line in consoleLines {
            if line == "quit" { return }
            print("echo: \(line)")
        }
        require(false, "the lines came to an end")
    }

    /// Prints 10 MB as fast as it can, then waits for a line before it says how long that took.
    static func flood() async {
        let clock = ContinuousClock()
        let start = clock.now
        let line = String(repeating: "0123456789abcdef", count: 6) + "xyz"
        for _ in 0..<100_000 { print(line) }
        let milliseconds = microseconds(start.duration(to: clock.now)) / 1000
        var lines = consoleLines.makeAsyncIterator()
        let answer = await lines.next()
        require(answer == "go on", "the line after the flood is wrong")
        print("flood: 10000000 bytes in \(milliseconds) ms")
    }
}
