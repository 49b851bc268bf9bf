// Frames of the machine that are not the guest's memory: Xen's, and other domains'.
//
// They lie in a file without a name, so that a page can be seen at several addresses at once, as
// page tables let it.

import Glibc
import Hypercalls

/// What a guest may have mapped without owning it.
final class ModelFrames {
    /// Far from every frame that is an address of this process.
    private static let firstNumber: UInt64 = 0x4000_0000
    private static let capacity = 1 << 14

    private let file: Int32
    private let base: UnsafeMutableRawPointer
    private var takenCount = 0
    private var holes: [Range<UInt>] = []

    init() {
        guard let stream = tmpfile() else { preconditionFailure("no file for frames") }
        file = dup(fileno(stream))
        fclose(stream)
        let byteCount = Self.capacity * Page.byteCount
        precondition(file >= 0 && ftruncate(file, byteCount) == 0, "no room for frames")
        base = Self.reserve(byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file)
    }

    deinit {
        munmap(base, Self.capacity * Page.byteCount)
        for hole in holes {
            munmap(UnsafeMutableRawPointer(bitPattern: hole.lowerBound), hole.count)
        }
        close(file)
    }

    private static func reserve(
        _ byteCount: Int, _ protection: Int32, _ flags: Int32, _ file: Int32
    ) -> UnsafeMutableRawPointer {
        let start = mmap(nil, byteCount, protection, flags | MAP_NORESERVE, file, 0)
        guard let start, start != MAP_FAILED else { preconditionFailure("no room for frames") }
        return start
    }

    /// A zeroed frame that nothing else uses.
    func take() -> MachineFrame {
        precondition(takenCount < Self.capacity, "the machine has no more frames")
        takenCount += 1
        return MachineFrame(rawValue: Self.firstNumber + UInt64(takenCount - 1))
    }

    /// Xen's own view of a frame.
    subscript(frame: MachineFrame) -> UnsafeMutableRawPointer {
        precondition(contains(frame), "the machine has no such frame")
        return base + Int(frame.rawValue - Self.firstNumber) * Page.byteCount
    }

    func contains(_ frame: MachineFrame) -> Bool {
        frame.rawValue >= Self.firstNumber
            && frame.rawValue < Self.firstNumber + UInt64(takenCount)
    }

    /// Addresses at which nothing is: an access ends the process.
    func makeHole(pageCount: Int) -> UnsafeMutableRawPointer {
        let byteCount = pageCount * Page.byteCount
        let start = Self.reserve(byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1)
        let address = UInt(bitPattern: start)
        holes.append(address..<address + UInt(byteCount))
        return start
    }

    func isInHole(_ address: UInt64) -> Bool {
        address % UInt64(Page.byteCount) == 0 && holes.contains { $0.contains(UInt(address)) }
    }

    /// Has a page of a hole show a frame.
    func show(_ frame: MachineFrame, at address: UInt64, writable: Bool) {
        precondition(isInHole(address) && contains(frame), "shown where no hole is")
        let offset = Int(frame.rawValue - Self.firstNumber) * Page.byteCount
        let place = UnsafeMutableRawPointer(bitPattern: UInt(address))
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let shown = mmap(
            place, Page.byteCount, protection, MAP_SHARED | MAP_FIXED, file, off_t(offset))
        precondition(shown == place, "a frame cannot be shown")
    }

    /// Has a page of a hole show nothing again.
    func hide(at address: UInt64) {
        precondition(isInHole(address), "hidden where no hole is")
        let place = UnsafeMutableRawPointer(bitPattern: UInt(address))
        let hidden = mmap(
            place, Page.byteCount, PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0)
        precondition(hidden == place, "a page cannot be hidden")
    }
}
