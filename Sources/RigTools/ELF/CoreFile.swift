// A domain's core as Xen's tools write it: an ELF file of sections, without segments.
//
// Source: Xen's docs/misc/dump-core-format.txt; the registers, struct vcpu_guest_context and
// cpu_user_regs of public/arch-x86/xen.h and xen-x86_64.h.

/// The processors and the memory of a domain whose addresses are its pseudo-physical ones, as a
/// guest's are.
package struct CoreFile: Sendable {
    /// What a backtrace begins with.
    package struct Registers: Equatable, Sendable {
        package let instructionPointer: UInt64
        package let stackPointer: UInt64
        package let framePointer: UInt64
    }

    /// The registers of each processor that was up.
    package let registers: [Registers]
    private let file: ELFBytes
    /// Where in the file each pseudo-physical frame is.
    private let places: [UInt64: Int]

    private static let pageByteCount = 4096
    /// struct vcpu_guest_context, and what is where in it: `user_regs` follows 512 bytes of
    /// floating point state and the flags.
    private static let contextByteCount = 5168
    private static let registersOffset = 520

    /// - Throws: `truncated` where the file ends before what it promises, `malformed` where it is
    ///   no core of Xen's.
    package init(_ bytes: [UInt8]) throws(ELFImage.Fault) {
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { throw .notELF }
        let file = ELFBytes(bytes: bytes)
        let sections = try CoreSections(file)
        let contexts = try sections.named(".xen_prstatus")
        let pages = try sections.named(".xen_pages")
        self.file = file
        registers = try Self.registers(file, contexts)
        places = try Self.places(file, pages, try sections.frames())
    }

    private static func registers(
        _ file: ELFBytes, _ contexts: Range<Int>
    ) throws(ELFImage.Fault) -> [Registers] {
        var all: [Registers] = []
        var start = contexts.lowerBound + registersOffset
        while start + contextByteCount - registersOffset <= contexts.upperBound {
            all.append(
                Registers(
                    instructionPointer: try file.long(at: start + 128),
                    stackPointer: try file.long(at: start + 152),
                    framePointer: try file.long(at: start + 32)))
            start += contextByteCount
        }
        return all
    }

    private static func places(
        _ file: ELFBytes, _ pages: Range<Int>, _ frames: [UInt64]
    ) throws(ELFImage.Fault) -> [UInt64: Int] {
        var places: [UInt64: Int] = [:]
        for (index, frame) in frames.enumerated() {
            let place = pages.lowerBound + index * pageByteCount
            guard place + pageByteCount <= pages.upperBound else { throw .truncated }
            // Of a frame that is not there the core says so with all bits set.
            if frame != .max { places[frame] = place }
        }
        return places
    }

    /// The eight bytes at an address, if the domain had memory there.
    package func word(at address: UInt64) -> UInt64? {
        let offset = Int(address % UInt64(Self.pageByteCount))
        guard let place = places[address / UInt64(Self.pageByteCount)],
            offset <= Self.pageByteCount - 8
        else { return nil }
        return try? file.long(at: place + offset)
    }

    /// Where a processor was, and who had called, innermost first, by frame pointers. Bit 60 of
    /// one marks the frame of an async function.
    package func backtrace(of processor: Int, limit: Int = 64) -> [UInt64] {
        var addresses = [registers[processor].instructionPointer]
        var frame = registers[processor].framePointer & ~(1 << 60)
        while addresses.count < limit, let caller = word(at: frame &+ 8), caller != 0,
            let next = word(at: frame)
        {
            addresses.append(caller)
            frame = next & ~(1 << 60)
        }
        return addresses
    }
}

/// The sections of a core, by name.
private struct CoreSections {
    private let file: ELFBytes
    private var ranges: [String: Range<Int>] = [:]

    init(_ file: ELFBytes) throws(ELFImage.Fault) {
        self.file = file
        let table = try file.offset(at: 40)
        let (size, count) = (Int(try file.half(at: 58)), Int(try file.half(at: 60)))
        let names = table + Int(try file.half(at: 62)) * size
        let texts = try file.offset(at: names + 24)
        for index in 1..<max(count, 1) {
            let header = table + index * size
            let name = try file.text(at: texts + Int(try file.word(at: header)))
            ranges[name] = try file.range(
                from: try file.offset(at: header + 24), count: try file.offset(at: header + 32))
        }
    }

    func named(_ name: String) throws(ELFImage.Fault) -> Range<Int> {
        guard let range = ranges[name] else { throw .malformed }
        return range
    }

    /// The pseudo-physical frame of each page, in the order of the pages: alone, or (of a PV
    /// domain) each with its machine frame.
    func frames() throws(ELFImage.Fault) -> [UInt64] {
        let pairs = ranges[".xen_p2m"]
        guard let range = pairs ?? ranges[".xen_pfn"] else { throw .malformed }
        var frames: [UInt64] = []
        let step = pairs == nil ? 8 : 16
        for place in stride(from: range.lowerBound, to: range.upperBound - 7, by: step) {
            frames.append(try file.long(at: place))
        }
        return frames
    }
}
