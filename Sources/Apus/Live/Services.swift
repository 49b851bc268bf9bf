// What the guest does for the toolstack beside the application: from when the run loop starts, so
// that an application without one pays nothing for it.
#if hasFeature(Embedded)
    import Lifecycle
    import XenStore

    extension Live {
        /// Made when something first asks for it.
        static var housekeeping: Housekeeping {
            if let housekeeping = kernel.pointee.housekeeping { return housekeeping }
            let housekeeping = Housekeeping()
            kernel.pointee.housekeeping = housekeeping
            return housekeeping
        }

        /// Starts the tasks that follow the toolstack.
        static func startServices() { housekeeping.start() }
    }

    /// The life of the domain as the toolstack and the application see it.
    final class Housekeeping: @unchecked Sendable {
        // Unchecked: everything is on the guest's one executor.

        /// Of all that the application registered, together.
        private static let cleanUpNanoseconds: UInt64 = 60_000_000_000
        /// Of what is to be put in order in the store; a store that works takes milliseconds.
        static let withdrawalNanoseconds: UInt64 = 2_000_000_000

        let cleanUps = CleanUps()
        let requests = ShutdownRequests()
        /// What the services themselves have to put in order at the end.
        let withdrawals = CleanUps()
        var publishesMetrics = false
        private var ending: (request: ShutdownRequest, status: Int32)?

        /// Begins what the command line and the toolstack may ask for.
        func start() {
            if let word = Guest.argument("watchdog") {
                if let seconds = Int(word), seconds > 0 {
                    Live.setWatchdog(limitSeconds: seconds)
                } else {
                    print("apus: watchdog= takes a number of seconds")
                }
            }
            if Guest.argument("metrics") == "on" { startMetrics() }
            startListening()
        }

        private func startListening() {
            let vcpus = Live.kernel.pointee.makeParkedVCPUs()
            guard Live.kernel.pointee.information.store != nil else {
                var all = vcpus
                all.parkAll()
                return
            }
            let availability = VCPUAvailability(store: Live.store, vcpus: vcpus) { print($0) }
            run { await availability.run() }
            let control = ControlListener(
                store: Live.store,
                orders: ControlListener.Orders(
                    shutDown: { [unowned(unsafe) self] in obey($0) }, press: { Self.press($0) },
                    say: { print($0) }))
            run { await control.run() }
            // Of no use before the listener has run, and harmless.
            withdrawals.add(withinNanoseconds: Self.withdrawalNanoseconds) {
                await control.withdraw()
            }
        }

        /// Runs a service until the domain ends.
        func run(_ service: @escaping @Sendable () async -> Void) {
            let task = Task { await service() }
            withdrawals.add(withinNanoseconds: Self.withdrawalNanoseconds) { task.cancel() }
        }

        /// The toolstack's wish: the application's to answer if it listens.
        private func obey(_ request: ShutdownRequest) {
            if ending != nil || !requests.deliver(request) { end(request, status: nil) }
        }

        /// Whether an end takes more than saying so.
        var hasDuties: Bool { !cleanUps.isEmpty || !withdrawals.isEmpty || ending != nil }

        /// Begins the end. Once it has begun, a later request only says whether the domain is to be
        /// started again, and a status counts if none was given before.
        func end(_ request: ShutdownRequest, status: Int32?) {
            if let ending {
                self.ending = (request, ending.status == 0 ? status ?? 0 : ending.status)
                return
            }
            ending = (request, status ?? 0)
            Task { await finish() }
        }

        private func finish() async {
            await cleanUps.run(by: Live.timekeeper, withinNanoseconds: Self.cleanUpNanoseconds) {
                report($0)
                await withdrawals.run(
                    by: Live.timekeeper, withinNanoseconds: Self.withdrawalNanoseconds
                ) { _ in
                    let (request, status) = ending ?? (.powerOff, 0)
                    Live.end(request.reason, status)
                }
            }
        }

        private func report(_ summary: CleanUps.Summary) {
            if summary.lateCount > 0 {
                print("apus: \(summary.lateCount) clean-ups were not done in time")
            }
            if summary.skippedCount > 0 {
                print("apus: no time was left for \(summary.skippedCount) clean-ups")
            }
        }
    }
#endif
