// What has happened to a device and was not looked at yet.

import Clock
import XenStore
import _Concurrency

/// Keys and a state that go to the store together.
struct Publication: Sendable {
    var keys: [PublishedKey]
    var unwanted: [String]
    /// Nil where the state stays.
    var state: XenbusState?
}

/// A driver's wish, which the device's task carries out.
enum DriverRequest: Sendable {
    case ask
    case publish(Publication, generation: UInt32, UnsafeContinuation<DeviceError?, Never>)
    case reconfigured
    case quiesced
    case failed(DeviceFault)
    case left
}

/// Where others leave word for the one task that runs a device. Bounded: the store's news are
/// flags, and of a driver's tasks each has one request.
final class DeviceMailbox: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    enum Message: Sendable {
        case backendChanged
        case ownChanged
        case removed
        case detach
        case request(DriverRequest)
        case timedOut
    }

    private var hasBackendChanged = false
    private var hasOwnChanged = false
    private var isRemovalAsked = false
    private var isDetachAsked = false
    private var requests: [DriverRequest] = []
    private let condition = Waiters()

    init() {}

    func backendChanged() {
        hasBackendChanged = true
        condition.signal()
    }

    func ownChanged() {
        hasOwnChanged = true
        condition.signal()
    }

    func askDetach() {
        isDetachAsked = true
        condition.signal()
    }

    func askRemoval() {
        isRemovalAsked = true
        condition.signal()
    }

    func post(_ request: DriverRequest) {
        requests.append(request)
        condition.signal()
    }

    /// A driver's request, for whoever has only refusals to give.
    func takeRequest() -> DriverRequest? {
        requests.isEmpty ? nil : requests.removeFirst()
    }

    /// The next message. The driver's own come first: a published state must be known before
    /// the backend's answer to it.
    private func take() -> Message? {
        if !requests.isEmpty { return .request(requests.removeFirst()) }
        if isRemovalAsked {
            isRemovalAsked = false
            return .removed
        }
        if isDetachAsked {
            isDetachAsked = false
            return .detach
        }
        if hasOwnChanged {
            hasOwnChanged = false
            return .ownChanged
        }
        guard hasBackendChanged else { return nil }
        hasBackendChanged = false
        return .backendChanged
    }

    /// Waits for a message, or until `deadline`. In a cancelled task every deadline has passed,
    /// and a wait without one goes on for the driver's last words.
    func next(until deadline: UInt64?, by timekeeper: Timekeeper) async -> Message {
        while true {
            if let message = take() { return message }
            guard let deadline else {
                await condition.waitUncancelled()
                continue
            }
            if Task.isCancelled || timekeeper.now >= deadline { return .timedOut }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await timekeeper.sleep(until: deadline) }
                group.addTask { await self.waitUnlessFilled() }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// Something may have come before this task's first step.
    private func waitUnlessFilled() async {
        guard isEmpty else { return }
        await condition.wait()
    }

    private var isEmpty: Bool {
        requests.isEmpty && !isRemovalAsked && !isDetachAsked && !hasOwnChanged
            && !hasBackendChanged
    }
}
