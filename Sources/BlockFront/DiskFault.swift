// Why a disk has no connection, for the application; the toolstack reads it in the store.

import XenBus
import XenStore

/// Why a connection to a backend failed. Another is tried, after a pause that grows.
public enum DiskFault: Error, Equatable, Sendable {
    /// The store refused or failed while keys were read or published.
    case store(XenStoreError)
    /// The backend did not keep to the handshake, or did not move in its time.
    case handshake
    /// The backend is of no use or broke the protocol, or this domain has no memory, grants or
    /// ports for rings. As it is written to the store.
    case device(DeviceFault)
}
