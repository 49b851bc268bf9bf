// The live connection to XenStore: made when something first asks for it.
#if hasFeature(Embedded)
    import CXen
    import Events
    import Hypercalls
    import XenStore

    extension Live {
        /// The store's client. One without a ring refuses everything.
        static var store: XenStoreClient {
            if let store = kernel.pointee.store { return store }
            let store = kernel.pointee.connectStore() ?? .unconnected
            kernel.pointee.store = store
            return store
        }
    }

    extension Kernel {
        /// Nil where the toolstack gave no store, or a port that is none.
        fileprivate mutating func connectStore() -> XenStoreClient? {
            guard let given = information.store,
                let ring = UnsafeMutablePointer<xenstore_domain_interface>(
                    bitPattern: UInt(given.page.address)),
                let channel = try? events.adopt(given.port)
            else { return nil }
            let port = channel.port
            // Refused only when the toolstack closed the channel: then nobody answers either.
            let client = XenStoreClient(ring: ring, timekeeper: Live.timekeeper) {
                try? Live.hypervisor.send(port)
            }
            do throws(XenError) {
                try events.setHandler(of: channel) { _ in client.handleEvent() }
            } catch {
                events.close(channel)
                return nil
            }
            storeChannel = consume channel
            return client
        }
    }
#endif
