// What apus says on standard error: progress, and what went wrong.

import Foundation
import Synchronization
import XenRig

enum Terminal {
    static let errorIsTerminal = isatty(2) == 1
    /// Whether a progress line stands on the terminal, to be overwritten.
    private static let lineStands = Mutex(false)

    /// On a terminal the steps overwrite one another; elsewhere each is a line.
    static let progress = Progress { text in
        lineStands.withLock { stands in
            if errorIsTerminal {
                write("\r\u{1b}[K\u{1b}[2m\(text)...\u{1b}[0m")
                stands = true
            } else {
                write("apus: \(text)\n")
            }
        }
    }

    /// Takes the progress line away before other output.
    static func clear() {
        lineStands.withLock { stands in
            if stands { write("\r\u{1b}[K") }
            stands = false
        }
    }

    static func complain(_ text: String) {
        clear()
        write("apus: \(text)\n")
    }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// Writes all of it to standard output, unbuffered. When nobody reads it any more, this process
/// ends as if it had been told to.
func printBytes(_ bytes: Data) {
    bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            let count = write(1, buffer.baseAddress! + done, buffer.count - done)
            if count < 0 && errno != EINTR {
                kill(getpid(), SIGTERM)
                return
            }
            done += max(count, 0)
        }
    }
}
