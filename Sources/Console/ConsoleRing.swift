// The console's ring: bytes in, bytes out, over one page shared with the console daemon.
//
// We write `out`, `out_prod` and `in_cons`; the daemon writes `in`, `in_prod` and `out_cons`.
// Indexes run freely through 32 bits.
// Source: xen-headers/include/xen/console.h, struct xencons_interface.

import CXen
import Synchronization

/// The frontend's end of the console ring.
///
/// It never waits: it takes what fits and gives what is there. The daemon need not exist, and
/// its indexes may be anything; ones that cannot be are counted, and mean that there is no room
/// or no input until they can be again.
public struct ConsoleRing {
    private static var inputSize: UInt32 { 1024 }
    private static var outputSize: UInt32 { 2048 }

    // Within the page that the initializer was given; only `page` itself is reached plainly, and
    // only in the half of an array that the indexes say is ours.
    private let page: UnsafeMutableRawPointer
    private let inputConsumer: UnsafeMutablePointer<Atomic<UInt32>>
    private let inputProducer: UnsafeMutablePointer<Atomic<UInt32>>
    private let outputConsumer: UnsafeMutablePointer<Atomic<UInt32>>
    private let outputProducer: UnsafeMutablePointer<Atomic<UInt32>>
    // Our own two indexes. The page has copies for the daemon, which we do not read back.
    private var consumed: UInt32
    private var produced: UInt32

    /// Times that the daemon's indexes made no sense.
    public private(set) var brokenIndexCount = 0

    /// Goes on where the ring stands: with what the toolstack or an earlier owner left in it.
    ///
    /// - Parameter interface: the shared page; must outlive this value.
    public init(_ interface: UnsafeMutablePointer<xencons_interface>) {
        let page = UnsafeMutableRawPointer(interface)
        func index(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
            (page + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
        }
        self.page = page
        inputConsumer = index(offset_of_xencons_interface_in_cons)
        inputProducer = index(offset_of_xencons_interface_in_prod)
        outputConsumer = index(offset_of_xencons_interface_out_cons)
        outputProducer = index(offset_of_xencons_interface_out_prod)
        consumed = inputConsumer.pointee.load(ordering: .relaxed)
        produced = outputProducer.pointee.load(ordering: .relaxed)
    }

    /// Room for output, 0 to 2048 bytes; 0 while the daemon's index makes no sense.
    public mutating func outputRoom() -> Int {
        // Acquiring: the daemon has read the bytes whose places we are about to write over.
        let consumer = outputConsumer.pointee.load(ordering: .acquiring)
        let used = produced &- consumer
        guard used <= Self.outputSize else {
            brokenIndexCount += 1
            return 0
        }
        return Int(Self.outputSize - used)
    }

    /// Puts in as many of the bytes as there is room for, and says how many. If any, the daemon
    /// has to be sent an event.
    public mutating func write(_ bytes: Span<UInt8>) -> Int {
        let count = min(bytes.count, outputRoom())
        guard count > 0 else { return 0 }
        let out = page + offset_of_xencons_interface_out
        for index in 0..<count {
            let offset = Int((produced &+ UInt32(index)) % Self.outputSize)
            out.storeBytes(of: bytes[index], toByteOffset: offset, as: UInt8.self)
        }
        produced &+= UInt32(count)
        // Releasing: the daemon sees the bytes before the index that covers them.
        outputProducer.pointee.store(produced, ordering: .releasing)
        return count
    }

    /// Bytes of input that wait, 0 to 1024; 0 while the daemon's index makes no sense.
    public mutating func inputCount() -> Int {
        // Acquiring: the bytes that the index covers were written before it.
        let producer = inputProducer.pointee.load(ordering: .acquiring)
        let waiting = producer &- consumed
        guard waiting <= Self.inputSize else {
            brokenIndexCount += 1
            return 0
        }
        return Int(waiting)
    }

    /// Takes as many bytes of input as there are and as fit, and says how many. If any, the
    /// daemon has to be sent an event: it may have waited for room.
    public mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int {
        let count = min(bytes.count, inputCount())
        guard count > 0 else { return 0 }
        let input = page + offset_of_xencons_interface_in
        for index in 0..<count {
            let offset = Int((consumed &+ UInt32(index)) % Self.inputSize)
            bytes[index] = input.load(fromByteOffset: offset, as: UInt8.self)
        }
        consumed &+= UInt32(count)
        // Releasing: we have read the bytes before the daemon may write over them.
        inputConsumer.pointee.store(consumed, ordering: .releasing)
        return count
    }
}
