// The task that runs a device: it alone asks the machine, and does what the machine says.

import Clock
import XenStore
import _Concurrency

extension FrontendDevice {
    /// Pause before a watch is asked for again that the store refused.
    private static var watchRetryNanoseconds: UInt64 { 1_000_000_000 }

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
                if await !timekeeper.sleep(forNanoseconds: Self.watchRetryNanoseconds) { return }
            } catch {
                // Without a watch, looking has to do.
                mailbox.backendChanged()
                if await !timekeeper.sleep(forNanoseconds: Self.watchRetryNanoseconds) { return }
            }
        }
    }

    private func pump() async {
        machine = FrontendMachine(found: await readOwnState() ?? .absent)
        if machine.own == .absent { await perform(machine.handle(.own(.absent))) }
        var deadline: UInt64?
        var timed: (phase: UInt32, wait: FrontendMachine.Wait)?
        while ending == nil {
            if let wait = machine.wait {
                if timed == nil || timed! != (machine.phaseCount, wait) {
                    timed = (machine.phaseCount, wait)
                    let (sum, overflow) = timekeeper.now.addingReportingOverflow(timeouts[wait])
                    deadline = overflow ? .max : sum
                }
            } else {
                (timed, deadline) = (nil, nil)
            }
            await take(await mailbox.next(until: deadline, by: timekeeper))
        }
        refuseRequests()
    }

    private func take(_ message: DeviceMailbox.Message) async {
        switch message {
        case .backendChanged:
            guard let (state, isOnline) = await readBackend() else { return }
            await perform(machine.handle(.backend(state, isOnline: isOnline)))
        case .ownChanged:
            guard let state = await readOwnState() else { return }
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
