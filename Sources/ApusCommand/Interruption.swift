// Ctrl-C, and the other ways in which a user or a system asks a process to end; a reader of our
// output that goes away is one of them.

import Dispatch
import Foundation
import RigTools
import XenRig

/// Ends every child and removes every temporary before this process ends.
struct Interruption {
    private let sources: [any DispatchSourceSignal]
    private let happened = Flag()

    init() {
        let happened = happened
        // Truly ignored: a caught SIGPIPE comes with every write, which then looks interrupted.
        signal(SIGPIPE, SIG_IGN)
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            // The source sees the signal only where its default action is off.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if happened.isRaised { _exit(128 + number) }
                happened.raise()
                Terminal.clear()
                Self.endAll()
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    /// The polite way first: mmdebstrap then removes what it unpacked, and the tests see that
    /// `swift test` is gone, and remove what is theirs.
    private static func endAll() {
        let descendants = Descendants.current()
        LiveChildren.signalAll(SIGTERM)
        for _ in 0..<30 where !descendants.alive.isEmpty { usleep(100_000) }
        for pid in descendants.alive { kill(pid, SIGKILL) }
        LiveChildren.signalAll(SIGKILL)
        Temporaries.removeAll()
    }

    /// Once interrupted, what the command has to say about its dead children is of no interest.
    func holdIfInterrupted() async {
        while happened.isRaised { try? await Task.sleep(for: .seconds(60)) }
    }
}
