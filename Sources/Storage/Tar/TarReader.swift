// Goes from header to header of an archive on a device.

import BlockDevices

/// Reads headers, with the long names and extended headers before them.
struct TarReader<Device: BlockDevice> {
    private static var aheadByteCount: Int { 64 * 1024 }

    let access: DeviceAccess<Device>
    let limits: TarLimits
    private let byteCount: UInt64
    private var offset: UInt64 = 0
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0
    private var global = PAXRecords()
    private var index: TarIndex

    init(_ access: DeviceAccess<Device>, _ limits: TarLimits) {
        self.access = access
        self.limits = limits
        byteCount = access.device.geometry.byteCount
        index = TarIndex(limits)
    }

    /// Reads all headers, up to the first block of zeros or the device's end.
    mutating func run() async throws(TarError) -> TarIndex {
        // Each round goes on by at least a block.
        while let (header, start) = try await nextEntry() {
            try index.add(header, contentsAt: offset, headerAt: start)
            let hasContents =
                header.type == 0 || header.type == UInt8(ascii: "0")
                || header.type == UInt8(ascii: "7")
            if hasContents { try skip(header.size, from: start) }
        }
        return index
    }

    /// The next entry's header, with what was said of it before; then `offset` is that of its
    /// contents.
    private mutating func nextEntry() async throws(TarError) -> (TarHeader, UInt64)? {
        var local = global
        var longName: [UInt8]?
        var longTarget: [UInt8]?
        while true {
            let start = offset
            guard let header = try await nextHeader() else { return nil }
            switch header.type {
            case UInt8(ascii: "x"):
                guard local.read(try await contents(header, start)) else {
                    throw .malformed(byteOffset: start)
                }
            case UInt8(ascii: "g"):
                let bytes = try await contents(header, start)
                guard global.read(bytes), local.read(bytes) else {
                    throw .malformed(byteOffset: start)
                }
            case UInt8(ascii: "L"): longName = text(try await contents(header, start))
            case UInt8(ascii: "K"): longTarget = text(try await contents(header, start))
            default:
                if local.isSparse {
                    throw .unsupported(type: UInt8(ascii: "S"), byteOffset: start)
                }
                var entry = header
                entry.name = local.path ?? longName ?? header.name
                entry.target = local.target ?? longTarget ?? header.target
                entry.size = local.size ?? header.size
                entry.modificationTime = local.modificationTime ?? header.modificationTime
                return (entry, start)
            }
        }
    }

    private mutating func nextHeader() async throws(TarError) -> TarHeader? {
        let start = offset
        let size = UInt64(TarHeader.byteCount)
        guard byteCount >= size, start <= byteCount - size else { return nil }
        let block = try await bytes(at: start, count: TarHeader.byteCount)
        offset += size
        switch TarHeader.read(block) {
        case .header(let header): return header
        case .zeros: return nil
        case .wrongChecksum: throw .notAnArchive(byteOffset: start)
        case .malformed: throw .malformed(byteOffset: start)
        }
    }

    /// The contents of an extended header or of a long name.
    private mutating func contents(
        _ header: TarHeader, _ start: UInt64
    ) async throws(TarError) -> [UInt8] {
        guard header.size <= UInt64(limits.extensionByteCount) else {
            throw .tooLong(byteOffset: start)
        }
        let from = offset
        try skip(header.size, from: start)
        var bytes: [UInt8] = []
        while bytes.count < Int(header.size) {
            let block = try await self.bytes(
                at: from + UInt64(bytes.count), count: TarHeader.byteCount)
            bytes += block.prefix(Int(header.size) - bytes.count)
        }
        return bytes
    }

    private func text(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix { $0 != 0 }) }

    /// Goes on behind contents, which take whole blocks.
    private mutating func skip(_ size: UInt64, from start: UInt64) throws(TarError) {
        guard size <= byteCount - offset else { throw .truncated(byteOffset: start) }
        let block = UInt64(TarHeader.byteCount)
        offset += (size + block - 1) / block * block
    }

    /// Bytes of one block. A window is read ahead, no further than the device.
    private mutating func bytes(
        at start: UInt64, count: Int
    ) async throws(TarError) -> ArraySlice<UInt8> {
        if start < windowStart || start + UInt64(count) > windowStart + UInt64(window.count) {
            windowStart = start / 4096 * 4096
            let ahead = min(UInt64(Self.aheadByteCount), byteCount - windowStart)
            do throws(BlockError) {
                window = try await access.read(at: windowStart, byteCount: Int(ahead))
            } catch {
                throw .device(error)
            }
        }
        guard start + UInt64(count) <= windowStart + UInt64(window.count) else {
            throw .truncated(byteOffset: start)
        }
        let first = Int(start - windowStart)
        return window[first..<(first + count)]
    }
}
