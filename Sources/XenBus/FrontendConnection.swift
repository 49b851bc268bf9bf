// One connection to a backend, from its InitWait to its Closed.

import Clock
import XenStore
import XenTypes
import _Concurrency

/// A key that a frontend publishes for its backend.
public struct PublishedKey: Hashable, Sendable {
    /// Relative to the device's directory; may have parts (`queue-0/tx-ring-ref`).
    public let name: String
    /// As it is written.
    public let value: String

    /// A key and its text.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// A key and its number, in decimal: a grant reference, a port, a feature's 1.
    public init(_ name: String, _ value: some BinaryInteger) {
        self.init(name, String(UInt64(value)))
    }
}

/// What a driver is told about a connection in use.
@frozen
public enum ConnectionChange: Hashable, Sendable {
    /// The backend has announced that its keys may have changed: a disk's size.
    case keysChanged
    /// The backend is about to change parts of the device; the driver puts them aside and says
    /// ``FrontendConnection/acceptReconfiguration()``.
    case reconfiguring
    /// It has.
    case reconfigured
    /// The connection is to end: the driver finishes what is in flight and closes.
    case closing(FrontendMachine.FinishReason)
}

/// A driver's view of one connection. Of an older one nothing can be had any more.
public final class FrontendConnection: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// The device that it is of.
    public let device: FrontendDevice
    /// Counts the device's connections. A response that came by a ring of another is void.
    public let generation: UInt32

    var isEstablished = false
    var finishReason: FrontendMachine.FinishReason?
    var outcome: FrontendMachine.CloseOutcome?
    private var hasChangedKeys = false
    private var partsChange: ConnectionChange?
    private var isClosing = false

    /// The driver's time to finish is over: the connection is being closed over its head.
    public internal(set) var isForced = false

    init(_ device: FrontendDevice, generation: UInt32) {
        self.device = device
        self.generation = generation
    }

    /// Why the connection is to end; nil while it is not.
    public var closingReason: FrontendMachine.FinishReason? { finishReason }

    /// Writes keys and this end's state in one transaction, and removes what earlier connections
    /// had published and this does not.
    ///
    /// - Parameters:
    ///   - state: `.initialised`, or `.connected` where the device's protocol says so (vif).
    ///   - unwanted: keys or directories besides that earlier drivers may have left.
    /// - Throws: `closing` when the backend has gone away meanwhile.
    public func publish(
        _ keys: [PublishedKey], as state: XenbusState = .initialised,
        removing unwanted: [String] = []
    ) async throws(DeviceError) {
        precondition(
            state == .initialised || state == .connected, "published as neither of two states")
        try await send(Publication(keys: keys, unwanted: unwanted, state: state))
    }

    /// Writes more keys in one transaction, while this end's state stays.
    public func update(_ keys: [PublishedKey]) async throws(DeviceError) {
        try await send(Publication(keys: keys, unwanted: [], state: nil))
    }

    private func send(_ publication: Publication) async throws(DeviceError) {
        if isClosing || finishReason != nil { throw .closing(finishReason ?? .detached) }
        let refusal = await withUnsafeContinuation { continuation in
            device.mailbox.post(.publish(publication, generation: generation, continuation))
        }
        if let refusal { throw refusal }
    }

    /// Waits until the backend is connected.
    public func established() async throws(DeviceError) {
        while true {
            if let finishReason { throw .closing(finishReason) }
            if isEstablished { return }
            if Task.isCancelled { throw .cancelled }
            await device.condition.wait()
        }
    }

    /// Waits for the next news. After `closing` there is no other. Several announcements of
    /// changed keys may come as one. A cancelled task is told to close.
    public func nextChange() async -> ConnectionChange {
        while true {
            if let finishReason { return .closing(finishReason) }
            if let change = partsChange {
                partsChange = nil
                return change
            }
            if hasChangedKeys {
                hasChangedKeys = false
                return .keysChanged
            }
            if Task.isCancelled { return .closing(.detached) }
            await device.condition.wait()
        }
    }

    /// Has it told as `keysChanged` that one of these keys of the backend was written, until the
    /// task is cancelled: not every backend that changes a key writes its state anew. Told once at
    /// the beginning, for what was written before.
    public func watchKeys(_ names: Set<String>) async {
        let directory = device.backendPath
        while !Task.isCancelled {
            do throws(XenStoreError) {
                let watch = try await device.store.watch(directory)
                for await path in watch {
                    // The directory itself: what changed is not known.
                    let name = path.split(separator: "/").last.map(String.init) ?? ""
                    guard path == directory || names.contains(name) else { continue }
                    tell(.keysChanged)
                    device.condition.signal()
                }
            } catch {
                // Without a watch there is the state.
            }
            guard await device.timekeeper.sleep(forNanoseconds: Self.watchPause) else { return }
        }
    }

    /// Nanoseconds before the store is asked again for what it refused.
    private static var watchPause: UInt64 { 1_000_000_000 }

    /// Tells the backend that it may change what it wants to.
    public func acceptReconfiguration() { device.mailbox.post(.reconfigured) }

    /// Runs `finish` until it returns, or is cancelled because the driver's time is over.
    ///
    /// - Returns: whether it returned by itself.
    public func drain(_ finish: @escaping @Sendable () async -> Void) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await finish()
                return true
            }
            group.addTask {
                while !self.isForced, !Task.isCancelled { await self.device.condition.wait() }
                return false
            }
            let isFirst = await group.next() ?? false
            group.cancelAll()
            return isFirst
        }
    }

    /// Tells the toolstack's users why the device does not work. The driver closes next.
    public func fail(_ fault: DeviceFault) {
        guard outcome == nil else { return }
        device.mailbox.post(.failed(fault))
    }

    /// Closes the connection: nothing is in flight any more. Returns when the backend has let go,
    /// or its time is over, or it is gone; cancellation does not shorten it. Then the driver takes
    /// back what it lent; pages that are still mapped it must not use again.
    @discardableResult
    public func close() async -> FrontendMachine.CloseOutcome {
        if !isClosing {
            isClosing = true
            device.mailbox.post(.quiesced)
        }
        while true {
            if let outcome { return outcome }
            await device.condition.waitUncancelled()
        }
    }

    /// Takes in what the device's task has to tell.
    func tell(_ change: ConnectionChange) {
        switch change {
        case .keysChanged: hasChangedKeys = true
        case .closing(let reason): finishReason = reason
        case .reconfiguring, .reconfigured: partsChange = change
        }
    }
}
