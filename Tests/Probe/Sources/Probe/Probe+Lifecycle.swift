// The end of a domain, as the toolstack and the application have it.

import Apus

extension Probe {
    /// Waits to be ended, with something to tidy up: `linger`, or `linger stubborn` whose second
    /// clean-up never ends.
    static func linger() async {
        let isStubborn = Guest.arguments.contains("stubborn")
        Guest.onShutdown { print("clean-up: first registered") }
        Guest.onShutdown(deadline: .milliseconds(300)) {
            print("clean-up: second")
            while isStubborn { await Task.yield() }
            try? await Task.sleep(for: .milliseconds(20))
            print("clean-up: second done")
        }
        let cancelled = Guest.onShutdown { print("clean-up: must not run") }
        cancelled.cancel()
        print("lingering")
        try? await Task.sleep(for: .seconds(3600))
    }

    /// Answers requests itself: refuses the first, obeys the second with a status of its own.
    static func decide() async {
        print("deciding")
        var count = 0
        for await request in Guest.shutdownRequests {
            count += 1
            print("request \(count): \(request == .reboot ? "reboot" : "power off")")
            if count == 2 { Guest.shutDown(request, status: 5) }
        }
    }

    /// Returns from `main` with something to tidy up.
    static func tidyUp() {
        Guest.onShutdown {
            try? await Task.sleep(for: .milliseconds(20))
            print("clean-up: done")
        }
        print("returning")
    }

    /// Stops turning after a while of turning, with events coming.
    static func getStuck() async {
        for _ in 0..<20 { try? await Task.sleep(for: .milliseconds(200)) }
        print("about to be stuck")
        spin()
    }

    @inline(never)
    private static func spin() {
        let end = ContinuousClock.now + .seconds(3600)
        while ContinuousClock.now < end {}
    }
}
