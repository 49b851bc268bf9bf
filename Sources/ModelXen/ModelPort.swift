// A port in the model's tables.

import Hypercalls

/// What one end of an event channel is bound to.
public enum ModelPort: Hashable, Sendable {
    /// Waiting for `remote` to bind to it.
    case unbound(remote: DomainID)
    /// Bound to `port` of `remote`.
    case interdomain(remote: DomainID, port: Port)
    /// Bound to a virtual interrupt (`VIRQ_*`).
    case virtualInterrupt(UInt32)
    /// Bound to a vCPU of the same domain.
    case interprocessor
}
