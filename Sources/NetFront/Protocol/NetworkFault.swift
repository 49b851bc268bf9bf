// How a backend breaks the protocol of the rings.

import Rings
import XenBus
import XenTypes

/// A reason to give a connection up: what is on its rings means nothing any more.
@frozen
public enum NetworkFault: Error, Hashable, Sendable {
    /// More responses than there can be.
    case ring(RingFault)
    /// A response to a request that is not open, or for another slot than its own.
    case unknownRequest(id: UInt16)
    /// A response in place of an extra information, and none was sent.
    case unexpectedExtra
    /// An extra information of a type that nobody knows, twice the same, or no end of them.
    case badExtra(type: UInt8)
    /// A packet of more slots than a packet can have.
    case endlessPacket

    /// Words for the store.
    var fault: DeviceFault {
        switch self {
        case .ring: DeviceFault(.invalidArgument, "more responses than requests")
        case .unknownRequest(let id):
            DeviceFault(.invalidArgument, "response to request \(id), which is not open")
        case .unexpectedExtra: DeviceFault(.invalidArgument, "response to no extra information")
        case .badExtra(let type): DeviceFault(.invalidArgument, "extra information of type \(type)")
        case .endlessPacket: DeviceFault(.invalidArgument, "packet without an end")
        }
    }
}
