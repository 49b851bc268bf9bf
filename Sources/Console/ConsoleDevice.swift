// The domain's console: the ring, what waits for it, and who waits for its input.
//
// Nothing here waits: a full ring fills the buffer, a full buffer drops and counts. Whoever
// wants to wait for a reader asks first.

import CXen
import Events
import Hypercalls

/// The console that the toolstack gave this domain.
public struct ConsoleDevice: ~Copyable {
    /// Bytes of output that wait for the daemon at most.
    public static var outputCapacity: Int { 16384 }
    /// Lines of input that wait for the application at most; more stay in the ring.
    public static var lineLimit: Int { 64 }

    private var ring: ConsoleRing
    private let channel: EventChannel
    private var output = OutputBuffer(capacity: outputCapacity)
    private var splitter = LineSplitter()
    private var lines: [String] = []
    private var lastByte = UInt8(ascii: "\n")

    /// Whether the daemon has not been told of all that is in the ring.
    public private(set) var owesEvent = false

    /// Takes on the console whose ring and channel the toolstack made.
    public init(ring: ConsoleRing, channel: consuming EventChannel) {
        self.ring = ring
        self.channel = channel
    }

    /// Has `handler` called when the daemon took output or left input.
    public func listen(
        on events: borrowing EventChannels, handler: @escaping EventChannels.Handler
    ) throws(XenError) {
        try events.setHandler(of: channel, to: handler)
    }

    /// Whether the last byte of output ended a line.
    public var isAtLineStart: Bool { lastByte == UInt8(ascii: "\n") }

    /// Whether the next bytes of output will be dropped, unless the daemon takes some first.
    public var isFull: Bool { output.count > Self.outputCapacity - 8 }

    /// Bytes of output that were dropped for want of a reader.
    public var droppedByteCount: Int { output.droppedCount }

    /// Takes a byte of output. A line's end moves what waits into the ring.
    ///
    /// - Returns: whether bytes were moved.
    public mutating func write(_ byte: UInt8) -> Bool {
        output.append(byte)
        lastByte = byte
        return byte == UInt8(ascii: "\n") ? pushOutput() : false
    }

    /// Moves as much of the output into the ring as it has room for.
    ///
    /// - Returns: whether bytes were moved. The daemon is to be told, sooner or later.
    @discardableResult
    public mutating func pushOutput() -> Bool {
        guard output.drain(into: { ring.write($0) }) > 0 else { return false }
        owesEvent = true
        return true
    }

    /// Tells the daemon of output or room, if that is owed.
    public mutating func sendOwedEvent(by events: borrowing EventChannels) throws(XenError) {
        guard owesEvent else { return }
        owesEvent = false
        try events.send(channel)
    }

    /// Takes lines of input out of the ring, as far as the application keeps up.
    public mutating func pullInput() {
        while lines.count < Self.lineLimit {
            var bytes = InlineArray<64, UInt8>(repeating: 0)
            var span = bytes.mutableSpan
            let count = ring.read(into: &span)
            guard count > 0 else { return }
            owesEvent = true
            for index in 0..<count {
                if let line = splitter.append(bytes[index]) { lines.append(line) }
            }
        }
    }

    /// Takes the oldest line of input.
    public mutating func nextLine() -> String? {
        if lines.isEmpty { pullInput() }
        return lines.isEmpty ? nil : lines.removeFirst()
    }

    /// Room in the ring for output: grows while the daemon reads.
    public mutating func outputRoom() -> Int { ring.outputRoom() }

    /// Whether the daemon has taken all output.
    public mutating func isDrained() -> Bool { output.isEmpty && ring.outputRoom() == 2048 }

    /// Puts bytes into the ring ahead of what waits: for a crash, where nothing may be allocated.
    public mutating func writeAtOnce(_ bytes: Span<UInt8>) -> Int {
        let count = ring.write(bytes)
        if count > 0 { owesEvent = true }
        return count
    }
}
