// Bytes that do not lie in whole pages of their own: copied by way of pages that do.

import BlockDevices

extension Disk {
    /// Pages of a buffer for copies.
    private static var bouncePageCount: Int { 16 }
    /// Buffers that are kept for the next time.
    private static var bounceLimit: Int { 4 }

    /// Reads sectors as an array of bytes, by a copy.
    public func read(_ sectors: Range<UInt64>) async throws(BlockError) -> [UInt8] {
        let sectorByteCount = geometry.sectorByteCount
        guard sectors.upperBound <= geometry.sectorCount else { throw .outOfRange }
        guard let byteCount = Int(exactly: sectors.count * sectorByteCount) else {
            throw .outOfRange
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        let bounce = takeBounce()
        defer { giveBack(bounce) }
        while bytes.count < byteCount {
            let count = min(bounce.byteCount, byteCount - bytes.count)
            let sector = sectors.lowerBound + UInt64(bytes.count / sectorByteCount)
            try await read(at: sector, into: bounce[0..<count])
            bytes.append(contentsOf: bounce.bytes[..<count])
        }
        return bytes
    }

    /// Writes bytes, whole sectors of them, by a copy.
    public func write(_ bytes: [UInt8], at sector: UInt64) async throws(BlockError) {
        let sectorByteCount = geometry.sectorByteCount
        try geometry.check(sector, byteCount: bytes.count)
        let bounce = takeBounce()
        defer { giveBack(bounce) }
        var done = 0
        while done < bytes.count {
            let count = min(bounce.byteCount, bytes.count - done)
            bytes.withUnsafeBytes { all in
                bounce.start.copyMemory(
                    from: all.baseAddress.unsafelyUnwrapped + done, byteCount: count)
            }
            try await write(
                at: sector + UInt64(done / sectorByteCount), from: bounce[0..<count])
            done += count
        }
    }

    /// Reads sectors to the beginning of a buffer, without a copy. It must be large enough.
    public func read(
        sectors: Range<UInt64>, into buffer: PageBuffer
    ) async throws(BlockError) {
        try await read(at: sectors.lowerBound, into: buffer[0..<byteCount(of: sectors, buffer)])
    }

    /// Writes sectors from the beginning of a buffer, without a copy. It must be large enough.
    public func write(
        sectors: Range<UInt64>, from buffer: PageBuffer
    ) async throws(BlockError) {
        try await write(at: sectors.lowerBound, from: buffer[0..<byteCount(of: sectors, buffer)])
    }

    private func byteCount(
        of sectors: Range<UInt64>, _ buffer: PageBuffer
    ) throws(BlockError) -> Int {
        guard sectors.count <= buffer.byteCount / geometry.sectorByteCount else {
            throw .outOfRange
        }
        return sectors.count * geometry.sectorByteCount
    }

    private func takeBounce() -> PageBuffer {
        bounces.popLast() ?? PageBuffer(pageCount: Self.bouncePageCount)
    }

    /// One that a cancelled request still has is not used again.
    private func giveBack(_ buffer: PageBuffer) {
        var buffer = buffer
        _ = buffer
        guard bounces.count < Self.bounceLimit, isKnownUniquelyReferenced(&buffer) else { return }
        bounces.append(buffer)
    }
}
