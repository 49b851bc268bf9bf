// A backend's view of a ring in the guest's memory, written from the protocol and not from the
// guest's code.
//
// Source: Xen public/io/ring.h.

import ModelXen

/// A ring that was mapped, and where its backend is in it.
struct ModelRing {
    let mapping: ModelPeerMapping
    let memory: UnsafeMutableRawPointer
    let slotByteCount: Int
    let slotCount: UInt32
    var consumed: UInt32 = 0
    var produced: UInt32 = 0

    init(_ mapping: ModelPeerMapping, _ memory: UnsafeMutableRawPointer, slotByteCount: Int) {
        self.mapping = mapping
        self.memory = memory
        self.slotByteCount = slotByteCount
        var count: UInt32 = 1
        while Int(count) * 2 * slotByteCount <= 4096 - 64 { count *= 2 }
        slotCount = count
        produced = word(8)
        consumed = produced
    }

    private func word(_ offset: Int) -> UInt32 {
        memory.load(fromByteOffset: offset, as: UInt32.self)
    }
    private func set(_ offset: Int, _ value: UInt32) {
        memory.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
    }

    func slot(_ index: UInt32) -> UnsafeMutableRawPointer {
        memory + 64 + Int(index % slotCount) * slotByteCount
    }

    /// Requests that wait.
    var waiting: UInt32 { word(0) &- consumed }
    /// Slots whose requests were taken and not answered.
    var open: UInt32 { consumed &- produced }
    var requestProducer: UInt32 { word(0) }

    func load<Value: BitwiseCopyable>(_ type: Value.Type, at index: UInt32) -> Value {
        slot(index).loadUnaligned(as: type)
    }

    func store<Value: BitwiseCopyable>(_ value: Value, at index: UInt32) {
        // An answer need not fill the slot; what is left of the request stays there.
        slot(index).storeBytes(of: value, as: Value.self)
    }

    /// Publishes answers up to `index`; whether the guest wants an event.
    mutating func publish(_ index: UInt32) -> Bool {
        let old = word(8)
        set(8, index)
        return index &- word(12) < index &- old
    }

    /// Asks for an event with the next request.
    func askForRequests() { set(4, consumed &+ 1) }
}
