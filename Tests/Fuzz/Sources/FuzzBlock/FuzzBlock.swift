// Feeds the disk's frontend with whatever the fuzzer thinks of: a backend's keys, and its half of
// the ring.

import XenBus

@testable import BlockFront

/// What libFuzzer calls with each input: the first byte says what the others are for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    if first & 1 == 0 {
        readKeys(Array(bytes.dropFirst()))
    } else {
        RingPlay(Array(bytes.dropFirst())).run()
    }
    return 0
}

/// Keys and values in turn, each ended by a zero.
private func readKeys(_ bytes: [UInt8]) {
    let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    _ = DiskName(words[0])
    var pairs: [(key: String, value: String)] = []
    for index in stride(from: 0, to: words.count - 1, by: 2) {
        pairs.append((words[index], words[index + 1]))
    }
    let keys = BackendKeys(pairs)
    var options = DiskOptions()
    options.usesPersistentGrants = true
    let transport = Transport(keys, options)
    precondition((1...16).contains(transport.ringPageCount), "a ring of many pages")
    precondition(transport.queueCount == 1, "more rings than were wanted")
    guard let offer = try? BackendOffer(keys, options) else { return }
    let geometry = offer.geometry
    precondition((11...64).contains(offer.segmentLimit), "requests of many pages")
    precondition(
        geometry.sectorByteCount & (geometry.sectorByteCount - 1) == 0, "sectors of odd sizes")
    precondition(geometry.byteCount < 1 << 63, "a disk beyond all sizes")
    let end = geometry.sectorCount
    let whole = geometry.wholeUnits(in: end / 3..<end)
    precondition(
        whole.isEmpty || whole.lowerBound >= end / 3 && whole.upperBound <= end,
        "more is discarded than was asked for")
}
