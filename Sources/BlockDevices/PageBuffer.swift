// Memory that a disk reads into and writes from without a copy: whole pages that hold nothing else.
//
// A page is what one domain can lend another. So a buffer that shares its pages with nothing can be
// shown to a backend as it is, and everything else has to be copied.

/// Whole pages of memory, zeroed at first, 4096 bytes each and aligned to that.
///
/// Whoever has a request in flight keeps the buffer alive; its memory is freed with the last
/// reference. While a read is in flight its bytes may change at any moment, and while a write is,
/// the bytes that are written are those of any moment of it.
public final class PageBuffer: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Bytes of a page.
    public static var pageByteCount: Int { 4096 }

    /// How many pages there are; at least one.
    public let pageCount: Int
    /// The first byte, aligned to a page. Valid for as long as the buffer lives.
    public let start: UnsafeMutableRawPointer
    private let release: (() -> Void)?

    /// What a driver keeps with the buffer from one request to the next.
    public var lease: (any PageLease)?

    /// So many pages of zeros. There being no memory is the end of the program.
    public init(pageCount: Int) {
        precondition(pageCount > 0, "a buffer has at least one page")
        let byteCount = pageCount * Self.pageByteCount
        start = .allocate(byteCount: byteCount, alignment: Self.pageByteCount)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        self.pageCount = pageCount
        release = nil
    }

    /// Pages that somebody else has made: aligned, zeroed, and holding nothing else.
    ///
    /// - Parameter release: called once, when nobody uses the pages any more.
    public init(
        adopting start: UnsafeMutableRawPointer, pageCount: Int, release: @escaping () -> Void
    ) {
        precondition(pageCount > 0, "a buffer has at least one page")
        precondition(
            UInt(bitPattern: start) % UInt(Self.pageByteCount) == 0, "a buffer is not aligned")
        self.start = start
        self.pageCount = pageCount
        self.release = release
    }

    deinit {
        let (start, release) = (start, release)
        guard let lease else { return Self.free(start, release) }
        lease.end { Self.free(start, release) }
    }

    private static func free(_ start: UnsafeMutableRawPointer, _ release: (() -> Void)?) {
        if let release { release() } else { start.deallocate() }
    }

    /// How many bytes there are: a multiple of 4096.
    public var byteCount: Int { pageCount * Self.pageByteCount }

    /// All bytes, for as long as the buffer lives.
    public var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    }

    /// Reads the bytes.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let all = UnsafeRawBufferPointer(start: start, count: byteCount)
        return try body(all.bytes)
    }

    /// Reads and changes the bytes.
    public func withMutableBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let all = bytes
        var span = all.mutableBytes
        return try body(&span)
    }

    /// All of the buffer, as one place to read into or write from.
    public var all: Slice { Slice(buffer: self, byteOffset: 0, byteCount: byteCount) }

    /// A part of the buffer. It must lie within it.
    public subscript(range: Range<Int>) -> Slice {
        Slice(buffer: self, byteOffset: range.lowerBound, byteCount: range.count)
    }
}

extension PageBuffer {
    /// Bytes of a buffer, which they keep alive.
    @frozen
    public struct Slice: Sendable {
        /// Whose bytes they are.
        public let buffer: PageBuffer
        /// Where they begin; a disk wants a multiple of its sector's size.
        public let byteOffset: Int
        /// How many they are; a disk wants a multiple of its sector's size.
        public let byteCount: Int

        /// A part of a buffer. It must lie within it.
        public init(buffer: PageBuffer, byteOffset: Int, byteCount: Int) {
            precondition(byteOffset >= 0, "a slice begins before its buffer")
            precondition(byteCount >= 0, "a slice has less than nothing")
            precondition(
                byteCount <= buffer.byteCount - byteOffset, "a slice ends behind its buffer")
            self.buffer = buffer
            self.byteOffset = byteOffset
            self.byteCount = byteCount
        }

        /// The bytes, for as long as the buffer lives.
        public var bytes: UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(start: buffer.start + byteOffset, count: byteCount)
        }
    }
}

/// What a driver keeps with a buffer whose pages others may still see.
public protocol PageLease: AnyObject, Sendable {
    /// The buffer is gone: `free` is to be called once its pages are nobody else's any more; at
    /// once, if they are.
    func end(_ free: @escaping () -> Void)
}
