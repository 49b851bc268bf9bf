// Between print and the console ring: a buffer that never makes the printer wait.
//
// This is the one place that turns LF into CR LF, as the terminals behind the console want it.

/// Output that waits for room in the console ring.
///
/// When it is full, new bytes are dropped and counted, both halves of a line's end or none; when
/// a quarter is free again, a notice says how many, and output goes on behind it.
public struct OutputBuffer: ~Copyable {
    /// The least capacity: a notice fits into a quarter of it.
    public static var minimumCapacity: Int { 256 }

    private static var carriageReturn: UInt8 { 0x0D }
    private static var lineFeed: UInt8 { 0x0A }

    // A ring, filled by `init`; `first` is its oldest byte.
    private var storage: [UInt8]
    private var first = 0
    private var last: UInt8 = 0
    private var pendingDropCount = 0

    /// Bytes that wait.
    public private(set) var count = 0
    /// Bytes of the caller's that were dropped so far.
    public private(set) var droppedCount = 0

    /// Room for `capacity` bytes, no fewer than ``minimumCapacity``. Never grows.
    public init(capacity: Int) {
        precondition(capacity >= Self.minimumCapacity, "no room for a notice in such a buffer")
        storage = [UInt8](repeating: 0, count: capacity)
    }

    /// Whether nothing waits, not even a notice of what was dropped.
    public var isEmpty: Bool { count == 0 && pendingDropCount == 0 }

    /// Takes a byte, or drops it. A line feed that follows no carriage return gets one.
    public mutating func append(_ byte: UInt8) {
        announceDrops()
        let isBareLineFeed = byte == Self.lineFeed && last != Self.carriageReturn
        let needed = isBareLineFeed ? 2 : 1
        guard pendingDropCount == 0, count + needed <= storage.count else {
            pendingDropCount += 1
            droppedCount += 1
            return
        }
        if isBareLineFeed { store(Self.carriageReturn) }
        store(byte)
    }

    /// Takes bytes, or drops those that find no room.
    public mutating func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices { append(bytes[index]) }
    }

    /// Moves bytes on: `write` is given what waits, in one or two pieces, and says how many of
    /// them it took, as ``ConsoleRing/write(_:)`` does. Ends when it takes fewer than it was
    /// given.
    ///
    /// - Returns: how many bytes were taken.
    public mutating func drain(into write: (Span<UInt8>) -> Int) -> Int {
        var total = 0
        // Two pieces of a ring, and once more for a notice that found room: at most four.
        for _ in 0..<4 {
            announceDrops()
            let end = min(first + count, storage.count)
            guard end > first else { break }
            let offered = end - first
            let taken = write(storage.span.extracting(first..<end))
            precondition(taken >= 0, "fewer than no bytes were taken")
            precondition(taken <= offered, "more bytes were taken than were given")
            first = (first + taken) % storage.count
            count -= taken
            total += taken
            if taken < offered { break }
        }
        announceDrops()
        return total
    }

    private mutating func store(_ byte: UInt8) {
        storage[(first + count) % storage.count] = byte
        count += 1
        last = byte
    }

    /// Says how much was dropped, once a quarter is free: sooner, and a slow console would show
    /// little but notices.
    private mutating func announceDrops() {
        guard pendingDropCount > 0, storage.count - count >= storage.count / 4 else { return }
        store("\r\n[apus: ")
        store(decimal: pendingDropCount)
        store(" bytes of output dropped]\r\n")
        pendingDropCount = 0
    }

    private mutating func store(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { store(text.utf8Start[index]) }
    }

    private mutating func store(decimal number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            store(UInt8(0x30 + number / divisor % 10))
            divisor /= 10
        }
    }
}
