// The guest's frames. A frame's number is its page's address in this process, shifted.
//
// Source: xen-headers/include/xen/memory.h.

import CXen
import Hypercalls

/// A piece of the memory map.
public struct MemoryRegion: Hashable, Sendable {
    /// The guest address of its first byte.
    public let start: UInt64
    /// Its size.
    public let byteCount: UInt64
    /// As in an E820 map; 1 is RAM.
    public let type: UInt32

    /// A piece of RAM, or of another type.
    public init(start: UInt64, byteCount: UInt64, type: UInt32 = 1) {
        self.start = start
        self.byteCount = byteCount
        self.type = type
    }
}

extension ModelXen {
    /// A zeroed page of the guest's, which lives as long as the model, and its frame.
    public func makePage() -> (start: UnsafeMutableRawPointer, frame: GuestFrame) {
        let page = arena.take()
        let frame = GuestFrame(rawValue: UInt64(UInt(bitPattern: page)) >> Page.shift)
        frames.insert(frame)
        return (page, frame)
    }

    /// Zeroed pages next to each other.
    public func makePages(_ count: Int) -> UnsafeMutableRawPointer {
        var start = makePage().start
        var end = start + Page.byteCount
        while end - start < count * Page.byteCount {
            let next = makePage().start
            if next != end { start = next }
            end = next + Page.byteCount
        }
        return start
    }

    /// Takes a page of this process, whose owner it stays, for one of the guest's.
    public func adopt(_ page: UnsafeMutableRawPointer) {
        frames.insert(GuestFrame(rawValue: UInt64(UInt(bitPattern: page)) >> Page.shift))
    }

    static func allocatePage() -> UnsafeMutableRawPointer {
        let page = UnsafeMutableRawPointer.allocate(
            byteCount: Page.byteCount, alignment: Page.byteCount)
        page.initializeMemory(as: UInt8.self, repeating: 0, count: Page.byteCount)
        return page
    }

    /// The memory behind a frame that came from ``makePage()`` or is a PV guest's.
    func memory(of frame: GuestFrame) throws(XenError) -> UnsafeMutableRawPointer {
        let machineFrame = MachineFrame(rawValue: frame.rawValue)
        if let guestMemory, let own = guestMemory.ownFrame(of: machineFrame) {
            return guestMemory.pages[own]
        }
        guard frames.contains(frame),
            let page = UnsafeMutableRawPointer(bitPattern: UInt(frame.rawValue << Page.shift))
        else { throw .invalidArgument }
        return page
    }

    func memoryOperation(_ operation: Int32, _ address: UInt64) throws(XenError) -> Int64 {
        switch operation {
        case XENMEM_memory_map: try writeMemoryMap(argument(address))
        case XENMEM_current_reservation, XENMEM_maximum_reservation:
            let ram = configuration.memoryMap.filter { $0.type == 1 }
            return Int64(ram.reduce(0) { $0 + $1.byteCount } >> Page.shift)
        case XENMEM_maximum_ram_page: return Int64(configuration.highestMachineFrame)
        case XENMEM_add_to_physmap: try addToPhysmap(argument(address))
        default: throw .notImplemented
        }
        return 0
    }

    private func writeMemoryMap(
        _ request: UnsafeMutablePointer<xen_memory_map>
    ) throws(XenError) {
        let regions = configuration.memoryMap
        guard Int(request.pointee.nr_entries) >= regions.count else { throw .invalidArgument }
        guard let buffer = request.pointee.buffer else { throw .badAddress }
        for (index, region) in regions.enumerated() {
            let entry = buffer + 20 * index
            entry.storeBytes(of: region.start, as: UInt64.self)
            entry.storeBytes(of: region.byteCount, toByteOffset: 8, as: UInt64.self)
            entry.storeBytes(of: region.type, toByteOffset: 16, as: UInt32.self)
        }
        request.pointee.nr_entries = UInt32(regions.count)
    }

    private func addToPhysmap(
        _ request: UnsafeMutablePointer<xen_add_to_physmap>
    ) throws(XenError) {
        if request.pointee.space == UInt32(XENMAPSPACE_grant_table) {
            return try mapGrantTable(request.pointee.idx, at: request.pointee.gpfn)
        }
        guard request.pointee.space == UInt32(XENMAPSPACE_shared_info), request.pointee.idx == 0
        else { throw .invalidArgument }
        let page = try memory(of: GuestFrame(rawValue: request.pointee.gpfn))
        // The page cannot be swapped under the guest's pointer, so its contents move there.
        let isRegistered = isVCPUInfoRegistered
        page.copyMemory(from: sharedInfo, byteCount: Page.byteCount)
        sharedInfo = page.bindMemory(to: shared_info.self, capacity: 1)
        if !isRegistered { vcpuInfo = page.assumingMemoryBound(to: vcpu_info.self) }
    }
}
