// An event channel of an application's own driver.

import Events
import XenTypes
import _Concurrency

/// One end of an event channel whose other end another domain may bind.
///
/// Its port goes to the peer by XenStore. It is closed when the value is gone.
public struct PeerChannel: ~Copyable {
    #if hasFeature(Embedded)
        private var channel: EventChannel?
    #endif
    /// What the peer is to be told.
    public let port: Port

    /// Allocates a port for `peer`, whose events call `handler` between the guest's jobs.
    ///
    /// - Returns: nil when Xen has no port left; always on a host.
    public init?(to peer: DomainID, _ handler: @escaping () -> Void) {
        #if hasFeature(Embedded)
            guard let channel = try? Live.kernel.pointee.events.allocateUnbound(for: peer) else {
                return nil
            }
            port = channel.port
            try? Live.kernel.pointee.events.setHandler(of: channel) { _ in handler() }
            self.channel = consume channel
        #else
            return nil
        #endif
    }

    #if hasFeature(Embedded)
        deinit {
            if let channel { Live.kernel.pointee.events.close(channel) }
        }

        /// Raises an event at the peer; nothing happens while it has not bound its end.
        public func send() { try? Live.hypervisor.send(port) }
    #else
        /// Nothing happens on a host.
        public func send() {}
    #endif
}
