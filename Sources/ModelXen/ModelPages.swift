// A guest's pages by frame number, as memory of this process that costs only what is touched.

import Glibc
import Hypercalls

/// The pages of frames 0 to ``frameCount`` - 1, all zeros at first.
public final class ModelPages {
    /// How many there are.
    public let frameCount: Int
    /// Address of frame 0's page, a multiple of 2 MiB.
    public let base: UInt
    private let reservation: UnsafeMutableRawPointer
    private let reservedByteCount: Int

    /// Reserves room: gigabytes are fine, as long as few pages are touched.
    public init(frameCount: Int) {
        let chunkByteCount = 2 << 20
        self.frameCount = frameCount
        reservedByteCount = frameCount * Page.byteCount + chunkByteCount
        let reservation = mmap(
            nil, reservedByteCount, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let reservation, reservation != MAP_FAILED else {
            preconditionFailure("no room for a guest of \(frameCount) frames")
        }
        // A touched page must not bring 2 MiB with it.
        madvise(reservation, reservedByteCount, MADV_NOHUGEPAGE)
        self.reservation = reservation
        let mask = UInt(chunkByteCount - 1)
        base = (UInt(bitPattern: reservation) + mask) & ~mask
    }

    deinit { munmap(reservation, reservedByteCount) }

    /// A frame's page.
    public subscript(frame: PseudophysicalFrame) -> UnsafeMutableRawPointer {
        precondition(frame.rawValue < UInt64(frameCount), "the guest has no such frame")
        return UnsafeMutableRawPointer(bitPattern: base + UInt(frame.address)).unsafelyUnwrapped
    }

    /// A frame's page as the 512 entries of a page table.
    public func entries(of frame: PseudophysicalFrame) -> UnsafeMutablePointer<UInt64> {
        self[frame].assumingMemoryBound(to: UInt64.self)
    }
}
