// Pages of the guest whose frame numbers are low, as a guest's are: their addresses are below
// 16 TiB, so that 32 bits hold a frame.

import Glibc
import Hypercalls

/// Zeroed pages, given out one after the other, which last as long as the arena.
final class ModelArena {
    private static let pageCount = 1 << 12
    private static let byteCount = pageCount * Page.byteCount

    private var stretches: [UnsafeMutableRawPointer] = []
    private var takenCount = ModelArena.pageCount

    deinit {
        for stretch in stretches { munmap(stretch, Self.byteCount) }
    }

    func take() -> UnsafeMutableRawPointer {
        if takenCount == Self.pageCount {
            stretches.append(Self.reserve())
            takenCount = 0
        }
        takenCount += 1
        return stretches[stretches.count - 1] + (takenCount - 1) * Page.byteCount
    }

    private static func reserve() -> UnsafeMutableRawPointer {
        // An address is only a wish, which is granted where nothing else is. AddressSanitizer has
        // all from 2 GiB on for itself.
        for attempt in 0..<400 {
            let place =
                attempt < 100
                ? UInt.random(in: 1..<16) << 40 | UInt.random(in: 0..<0x8000) << 24
                : UInt.random(in: 1..<0x7F) << 24
            let wish = UnsafeMutableRawPointer(bitPattern: place)
            guard
                let start = mmap(
                    wish, byteCount, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), start != MAP_FAILED
            else { break }
            if start == wish { return start }
            munmap(start, byteCount)
        }
        preconditionFailure("no room for pages with low frame numbers")
    }
}
