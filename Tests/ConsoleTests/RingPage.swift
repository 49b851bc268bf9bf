// A console page with the daemon's end of it.

import CXen
import Console

final class RingPage {
    let interface = UnsafeMutablePointer<xencons_interface>.allocate(capacity: 1)

    init(startingAt index: UInt32 = 0) {
        interface.initialize(to: xencons_interface())
        interface.pointee.in_cons = index
        interface.pointee.in_prod = index
        interface.pointee.out_cons = index
        interface.pointee.out_prod = index
    }

    deinit { interface.deallocate() }

    func makeRing() -> ConsoleRing { ConsoleRing(interface) }

    /// What a well-behaved daemon reads: everything, or at most `limit` bytes.
    func readOutput(limit: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: &interface.pointee.out) { out in
            while interface.pointee.out_cons != interface.pointee.out_prod, bytes.count < limit {
                bytes.append(out[Int(interface.pointee.out_cons % 2048)])
                interface.pointee.out_cons &+= 1
            }
        }
        return bytes
    }

    /// What a well-behaved daemon types; the caller sees to the room.
    func type(_ bytes: some Sequence<UInt8>) {
        withUnsafeMutableBytes(of: &interface.pointee.in) { input in
            for byte in bytes {
                input[Int(interface.pointee.in_prod % 1024)] = byte
                interface.pointee.in_prod &+= 1
            }
        }
    }
}

extension ConsoleRing {
    mutating func write(_ text: String) -> Int { write(Array(text.utf8).span) }

    mutating func read(limit: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: limit)
        var span = bytes.mutableSpan
        let count = read(into: &span)
        return Array(bytes.prefix(count))
    }
}

extension OutputBuffer {
    mutating func append(_ text: String) { append(Array(text.utf8).span) }

    /// Everything that waits, taken in pieces of at most `limit` bytes.
    mutating func takeAll(limit: Int = .max) -> String {
        var bytes: [UInt8] = []
        while !isEmpty {
            let taken = drain { span in
                let count = min(limit, span.count)
                for index in 0..<count { bytes.append(span[index]) }
                return count
            }
            if taken == 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
