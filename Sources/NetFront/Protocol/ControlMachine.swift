// The control ring: one message at a time, and its answer.
//
// Source: Xen public/io/netif.h, "Control ring", "Control messages".

import CXen
import Rings
import TCPIP

/// A message to the backend.
struct ControlMessage: Hashable, Sendable {
    let type: UInt16
    var words: (UInt32, UInt32, UInt32)

    init(_ type: Int32, _ first: UInt32 = 0, _ second: UInt32 = 0, _ third: UInt32 = 0) {
        self.type = UInt16(type)
        words = (first, second, third)
    }

    static func == (one: Self, other: Self) -> Bool {
        one.type == other.type && one.words == other.words
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
    }
}

/// What the backend made of a message.
struct ControlAnswer: Hashable, Sendable {
    /// Whether it did what it was asked to.
    let isSuccess: Bool
    /// What it was asked for; 0 unless it succeeded.
    let value: UInt32
}

/// The frontend's half of the control ring.
struct ControlMachine: ~Copyable {
    private var ring: FrontRing
    private var unanswered: ControlMessage?
    private var number: UInt16 = 0

    /// A ring in one zeroed page that outlives this value.
    init(page: UnsafeMutableRawPointer) {
        ring = FrontRing(
            start: page, byteCount: PacketPool.pageByteCount,
            slotByteCount: MemoryLayout<xen_netif_ctrl_sring_entry>.size)
    }

    /// Whether a message has no answer yet.
    var isBusy: Bool { unanswered != nil }

    /// Sends a message; there is no other without an answer.
    ///
    /// - Returns: whether the backend wants an event.
    mutating func send(_ message: ControlMessage) -> Bool {
        precondition(unanswered == nil, "a message before the answer to another")
        number &+= 1
        unanswered = message
        var request = xen_netif_ctrl_request()
        request.id = number
        request.type = message.type
        request.data = message.words
        ring.put(request)
        return ring.push()
    }

    /// The answer, once it is there; after nil an event comes with it.
    mutating func takeAnswer() throws(NetworkFault) -> ControlAnswer? {
        guard let message = unanswered, try look() > 0 else { return nil }
        let response = ring.take(as: xen_netif_ctrl_response.self)
        guard response.id == number, response.type == message.type else {
            throw .unknownRequest(id: response.id)
        }
        unanswered = nil
        let isSuccess = response.status == UInt32(XEN_NETIF_CTRL_STATUS_SUCCESS)
        return ControlAnswer(isSuccess: isSuccess, value: isSuccess ? response.data : 0)
    }

    private mutating func look() throws(NetworkFault) -> Int {
        do throws(RingFault) { return try ring.finalCheck() } catch { throw .ring(error) }
    }
}
