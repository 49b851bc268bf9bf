// The process on whose behalf this one runs, several processes up.
//
// `apus test` runs `swift test`, which runs the tests, which boot rigs. The kernel ends each
// direct child of a process that dies, but not all that come after it.

import Foundation
import Synchronization

package enum Owner {
    /// Tells the children of this process whom to watch.
    package static let variable = "APUS_OWNER"

    private static let isWatched = Atomic<Bool>(false)

    /// From now on ends this process, and all that it started, once its owner or its parent is
    /// gone. For whoever starts or makes something that must not stay behind.
    static func watch() {
        guard let text = ProcessInfo.processInfo.environment[variable], let owner = pid_t(text),
            !isWatched.exchange(true, ordering: .relaxed)
        else { return }
        let parent = getppid()
        let thread = Thread {
            while getppid() == parent, kill(owner, 0) == 0 || errno != ESRCH { usleep(200_000) }
            LiveChildren.signalAll(SIGKILL)
            Temporaries.removeAll()
            _exit(1)
        }
        thread.name = "apus-owner"
        thread.start()
    }
}
