// What went wrong with a device, for whoever looks for it in the store.
//
// Source: the form that Linux's xenbus_dev_error() gave it and toolstacks show: the positive errno,
// a space, words; in `error/FRONTEND/error` of the domain's own directory.

import XenTypes

/// A reason why a device does not work, as it is written to the store.
public struct DeviceFault: Error, Hashable, Sendable {
    /// Bytes of a message that are kept.
    static var messageLimit: Int { 512 }

    /// The nearest errno.
    public let code: XenError
    /// Words for a reader in dom0.
    public let message: String

    /// A code, and words for a reader in dom0; of those no more than 512 bytes are kept.
    public init(_ code: XenError, _ message: String) {
        self.code = code
        guard message.utf8.count > Self.messageLimit else {
            self.message = message
            return
        }
        self.message = String(decoding: message.utf8.prefix(Self.messageLimit), as: UTF8.self)
    }

    /// The peer broke the protocol (XEN_EPROTO is not in every errno.h: EINVAL, as Linux writes).
    static func illegal(_ reading: StateReading, of phase: FrontendMachine.Phase) -> Self {
        Self(.invalidArgument, "backend shows \(reading) while \(phase.words)")
    }

    /// The peer did not move in its time (ETIMEDOUT).
    static func silence(_ reading: StateReading, of phase: FrontendMachine.Phase) -> Self {
        Self(XenError(code: 110), "backend still shows \(reading) while \(phase.words)")
    }

    /// What is written to the store.
    public var text: String { "\(code.code) \(message)" }
}
