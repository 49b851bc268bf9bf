// Giving a connection up, and making it anew.
//
// Source: Xen's docs/misc/xenstore-ring.txt, "The ring reconnection feature" and "The connection
// error feature".

import CXen
import Hypercalls

extension StoreConnection {
    /// Stops serving the guest, with an `XENSTORE_ERROR_*` if the store tells any.
    func giveUp(_ error: Int32) {
        forget()
        isBroken = true
        if has(XENSTORE_SERVER_FEATURE_ERROR) {
            ring.pointee.error = UInt32(bitPattern: error)
            if store?.behaviour.announcesErrors == true { notify() }
        }
        // The guest may have asked for another connection already.
        if ring.pointee.connection == UInt32(XENSTORE_RECONNECT) { planReconnection() }
    }

    func planReconnection() {
        guard let store, !isReconnecting, has(XENSTORE_SERVER_FEATURE_RECONNECTION) else { return }
        forget()
        isReconnecting = true
        plan(at: store.xen.nanoseconds + store.draw(store.behaviour.reconnectDelay)) {
            $0.reconnect()
        }
    }

    /// From the guest's point of view: an empty ring, and nothing known of it.
    private func reconnect() {
        isReconnecting = false
        // oxenstored fills the ring so: no message begins like this.
        reset(fill: { 0xFF })
        ring.pointee.connection = UInt32(XENSTORE_CONNECTED)
        notify()
    }
}

extension ModelStore {
    /// What a store that was started again still knows of its guest.
    public enum Restart: Sendable, CaseIterable {
        /// Everything, half-read requests too: a live update.
        case liveUpdate
        /// The tree only. The guest is told by the `error` field, if the store has it.
        case loss
        /// The tree only, and the guest is not told: what was under way is never answered.
        case silentLoss
    }

    /// Starts the store again.
    public func restart(_ kind: Restart) {
        switch kind {
        case .liveUpdate: connection.pump()
        case .loss: connection.giveUp(XENSTORE_ERROR_COMM)
        case .silentLoss: connection.forget()
        }
    }

    /// Gives the guest's connection up with an `XENSTORE_ERROR_*`.
    public func disconnect(_ error: Int32 = XENSTORE_ERROR_COMM) { connection.giveUp(error) }

    /// Whether the store has given the guest's connection up.
    public var isDisconnected: Bool { connection.isBroken }

    /// Sends garbage now.
    public func send(_ garbage: Garbage) {
        connection.emit(garbage)
        connection.pump()
    }

    /// Puts bytes into the ring as they are, so many as fit.
    public func send(bytes: [UInt8]) {
        let used = connection.count(from: .responseConsumer, to: .responseProducer) ?? 0
        connection.put(bytes.prefix(Int(XENSTORE_RING_SIZE) - used))
    }

    /// Reads on after ``Behaviour/isSilent`` or ``quotas`` have changed.
    public func wake() { connection.pump() }
}
