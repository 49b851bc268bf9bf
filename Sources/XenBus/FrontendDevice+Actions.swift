// What the machine wants done, in the store and to the driver.

import Clock
import XenStore
import _Concurrency

extension FrontendDevice {
    func perform(_ actions: [FrontendMachine.Action]) async {
        for action in actions {
            switch action {
            case .write(let state): await write(state)
            case .look: mailbox.backendChanged()
            case .report(let fault): await report(fault)
            default: tellDriver(action)
            }
        }
    }

    private func tellDriver(_ action: FrontendMachine.Action) {
        switch action {
        case .connect:
            generation &+= 1
            let connection = FrontendConnection(self, generation: generation)
            current = connection
            offered = connection
        case .established: current?.isEstablished = true
        case .keysChanged: current?.tell(.keysChanged)
        case .reconfiguring: current?.tell(.reconfiguring)
        case .reconfigured: current?.tell(.reconfigured)
        case .finish(let reason): current?.tell(.closing(reason))
        case .force: current?.isForced = true
        case .release(let outcome): current?.outcome = outcome
        case .end(let ending): self.ending = ending
        case .write, .look, .report: break
        }
        condition.signal()
    }

    /// Publishes, if the connection is still the one that it is for.
    func publish(_ publication: Publication, _ generation: UInt32) async -> DeviceError? {
        guard let current, current.generation == generation else { return .closing(.detached) }
        if let reason = current.finishReason { return .closing(reason) }
        guard publication.state == nil || machine.phase == .connecting else {
            preconditionFailure("a connection is published twice")
        }
        do throws(XenStoreError) {
            guard try await writeKeys(publication) else {
                mailbox.ownChanged()
                return .closing(.removed)
            }
        } catch {
            return error == .cancelled ? .cancelled : .store(error)
        }
        if let state = publication.state { await perform(machine.handle(.published(state))) }
        return nil
    }

    /// What the driver asked for too late.
    func refuseRequests() {
        while let request = mailbox.takeRequest() {
            if case .publish(_, _, let continuation) = request {
                continuation.resume(returning: .closing(.detached))
            }
        }
    }
}
