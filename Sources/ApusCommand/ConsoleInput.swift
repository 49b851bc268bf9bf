// Our standard input on a domain's console, in the order in which it came.

import Foundation
import XenRig

/// Reads on a thread of its own, since a read from a terminal blocks until a line is typed.
final class ConsoleInput: Sendable {
    private let stopped = Flag()

    init(_ domain: RunningDomain) {
        let (chunks, feed) = AsyncStream.makeStream(of: String.self)
        let stopped = stopped
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while !stopped.isRaised {
                let count = read(0, &buffer, buffer.count)
                guard count > 0 else { break }
                feed.yield(String(decoding: buffer[..<count], as: UTF8.self))
            }
            feed.finish()
        }
        thread.name = "apus-input"
        thread.start()
        Task {
            for await chunk in chunks where !stopped.isRaised {
                do throws(RigError) {
                    try await domain.send(chunk)
                } catch {
                    if !stopped.isRaised { Terminal.complain("\(error)") }
                }
            }
        }
    }

    func stop() { stopped.raise() }
}
