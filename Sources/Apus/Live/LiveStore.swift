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
            // One event for all that the jobs of a turn asked: each costs an exit to Xen.
            let client = XenStoreClient(ring: ring, timekeeper: Live.timekeeper) {
                Live.kernel.pointee.owesStoreEvent = true
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

        /// Tells the store what it has not been told.
        mutating func tellStore() {
            guard owesStoreEvent else { return }
            owesStoreEvent = false
            guard let port = information.store?.port else { return }
            // Refused only when the toolstack closed the channel: then nobody answers either.
            try? Live.hypervisor.send(port)
        }
    }
#endif
