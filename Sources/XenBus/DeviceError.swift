// Why a driver's wish was not carried out.

import XenStore

/// What a connection's operations throw.
@frozen
public enum DeviceError: Error, Equatable, Sendable {
    /// The connection is to end: the driver closes it and asks for another. Permanent for this
    /// connection.
    case closing(FrontendMachine.FinishReason)
    /// The store refused or failed. A quota's refusal is transient once something is released.
    case store(XenStoreError)
    /// The task was cancelled, which it is when the device is over.
    case cancelled
}
