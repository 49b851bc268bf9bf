// The task that runs a device: it alone asks the machine, and does what the machine says.

import Clock
import XenStore
import _Concurrency

extension FrontendDevice {
    /// Nanoseconds before the store is asked again for what it refused.
    private static var pause: UInt64 { 1_000_000_000 }

    /// Runs the device with its driver until it is over and the driver has returned.
    ///
    /// Cancellation gives the device up at once: states are written, nobody is waited for but the
    /// driver.
    func run(_ driver: any FrontendDriver) async -> FrontendMachine.Ending {
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await driver.run(self)
                    self.mailbox.post(.left)
                }
                group.addTask { await self.watchBackend() }
                await self.pump()
                group.cancelAll()
            }
        } onCancel: {
            mailbox.askDetach()
        }
        return ending ?? .detached
    }

    /// Whoever gives the device up without cancelling.
    func detach() { mailbox.askDetach() }

    private func watchBackend() async {
        while !Task.isCancelled {
            do throws(XenStoreError) {
                let watch = try await store.watch("\(backendPath)/state")
                for await _ in watch { mailbox.backendChanged() }
                if await !timekeeper.sleep(forNanoseconds: Self.pause) { return }
            } catch {
                // Without a watch, looking has to do.
                mailbox.backendChanged()
                if await !timekeeper.sleep(forNanoseconds: Self.pause) { return }
            }
        }
    }

    private func pump() async {
        machine = FrontendMachine(found: await findOwnState())
        if machine.own == .absent { await perform(machine.handle(.own(.absent))) }
        var deadline: UInt64?
        var timed: (phase: UInt32, wait: FrontendMachine.Wait)?
        while ending == nil {
            if let wait = machine.wait {
                if timed == nil || timed! != (machine.phaseCount, wait) {
                    timed = (machine.phaseCount, wait)
                    deadline = later(by: timeouts[wait])
                }
            } else {
                (timed, deadline) = (nil, nil)
            }
            // Cancelled, there is no time for another attempt.
            if Task.isCancelled { debts = Debts() }
            let due = debts.isEmpty ? deadline : min(deadline ?? .max, later(by: Self.pause))
            let message = await mailbox.next(until: due, by: timekeeper)
            if case .timedOut = message, !debts.isEmpty, timekeeper.now < deadline ?? .max {
                await payDebts()
            } else {
                await take(message)
            }
        }
        refuseRequests()
    }

    private func later(by span: UInt64) -> UInt64 {
        let (sum, overflow) = timekeeper.now.addingReportingOverflow(span)
        return overflow ? .max : sum
    }

    /// The state that the device was left in, once the store can say.
    private func findOwnState() async -> StateReading {
        while true {
            if let state = await readOwnState() { return state }
            guard await timekeeper.sleep(forNanoseconds: Self.pause) else { return .absent }
        }
    }

    private func payDebts() async {
        let owed = debts
        debts = Debts()
        if let state = owed.state { await write(state) }
        if owed.owesOwnLook { mailbox.ownChanged() }
        if owed.owesBackendLook { mailbox.backendChanged() }
    }

    private func take(_ message: DeviceMailbox.Message) async {
        switch message {
        case .backendChanged:
            guard let (state, isOnline) = await readBackend() else {
                debts.owesBackendLook = true
                return
            }
            await perform(machine.handle(.backend(state, isOnline: isOnline)))
        case .ownChanged:
            // What was not written yet cannot be what is read.
            guard debts.state == nil, let state = await readOwnState() else {
                debts.owesOwnLook = true
                return
            }
            await perform(machine.handle(.own(state)))
        case .removed: await perform(machine.handle(.own(.absent)))
        case .detach: await perform(machine.handle(.detach))
        case .timedOut: await perform(machine.handle(.timedOut))
        case .request(let request): await take(request)
        }
    }

    private func take(_ request: DriverRequest) async {
        switch request {
        case .ask: await perform(machine.handle(.asked))
        case .reconfigured: await perform(machine.handle(.reconfigured))
        case .quiesced: await perform(machine.handle(.quiesced))
        case .failed(let fault): await perform(machine.handle(.failed(fault)))
        case .left: await perform(machine.handle(.left))
        case .publish(let publication, let generation, let continuation):
            continuation.resume(returning: await publish(publication, generation))
        }
    }
}
