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

    /// Prints as many lines of 100 bytes as the second argument says, as fast as it can, then
    /// waits for a line before it says how long that took.
    static func flood() async {
        guard let word = Guest.arguments.last, let count = Int(word) else {
            return require(false, "flood takes a number")
        }
        let clock = ContinuousClock()
        let start = clock.now
        let line = String(repeating: "0123456789abcdef", count: 6) + "xyz"
        for _ in 0..<count { print(line) }
        let milliseconds = microseconds(start.duration(to: clock.now)) / 1000
        // Said again and again: it may be lost like the rest.
        let sign = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                print("flooded")
            }
        }
        var lines = consoleLines.makeAsyncIterator()
        let answer = await lines.next()
        sign.cancel()
        await sign.value
        require(answer == "go on", "the line after the flood is wrong")
        print("flood: \(count * 100) bytes in \(milliseconds) ms")
    }
}
