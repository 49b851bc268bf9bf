// Ctrl-C, and the other ways in which a user or a system asks a process to end.

import Dispatch
import Foundation
import XenRig

/// Ends every child and removes every temporary before this process ends.
struct Interruption {
    private let sources: [any DispatchSourceSignal]

    init() {
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            // The source sees the signal only where its default action is off.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                Terminal.clear()
                // First the polite way: mmdebstrap then removes what it unpacked.
                LiveChildren.signalAll(SIGTERM)
                usleep(200_000)
                LiveChildren.signalAll(SIGKILL)
                Temporaries.removeAll()
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}
