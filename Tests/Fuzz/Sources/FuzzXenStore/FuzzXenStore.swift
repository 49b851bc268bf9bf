// Feeds the store's half of the ring, and the decoders, with whatever the fuzzer thinks of.

import InputReading

@testable import XenStore

/// What libFuzzer calls with each input: a sequence of steps, each a byte and what it needs.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    decode(bytes)
    let play = Play(InputReader(bytes))
    play.run()
    return 0
}

/// Looks at bytes in every way that there is.
private func decode(_ bytes: [UInt8]) {
    let payload = ReplyPayload(bytes)
    _ = (payload.isAcknowledgement, payload.refusal, payload.names, payload.truth)
    _ = (payload.permissions, payload.transaction, payload.path)
    var list = PartialList()
    if let part = payload.part {
        precondition(part.byteCount <= bytes.count, "a part is longer than its message")
        precondition(part.isLast || part.byteCount > 0, "a list does not go on")
        _ = try? list.append(part)
    }
    if let event = payload.event {
        var changes = ChangedPaths(watched: Array("a".utf8))
        changes.insert(event.path)
        let path = changes.popFirst()
        precondition(path.map { $0.first == 0x61 } ?? false, "an event for another watch")
    }
}

extension InputReader {
    /// The next 32 bits.
    mutating func word() -> UInt32 {
        (0..<4).reduce(0) { word, shift in word | UInt32(byte()) << UInt32(8 * shift) }
    }
}
