// The bytes of one file of a volume.

public import BlockDevices

/// A file of a ``TarVolume``.
public struct TarFile<Device: BlockDevice>: Sendable {
    let access: DeviceAccess<Device>
    let byteOffset: UInt64
    /// How many bytes it has.
    public let byteCount: UInt64
    /// Seconds since 1970.
    public let modificationTime: Int64

    /// Bytes that a buffer has to have for ``read(_:into:)`` of so many: what is read is whole
    /// sectors.
    public func bufferByteCount(for byteCount: Int) -> Int {
        byteCount + 2 * access.device.geometry.sectorByteCount
    }

    /// Reads a part of the file from the device straight into a buffer.
    ///
    /// - Returns: where in the buffer the part lies.
    /// - Throws: `outOfRange` when the range leaves the file or the buffer is smaller than
    ///   ``bufferByteCount(for:)``, and `device`.
    public func read(
        _ range: Range<UInt64>, into buffer: PageBuffer
    ) async throws(TarError) -> Range<Int> {
        let sector = UInt64(access.device.geometry.sectorByteCount)
        guard range.upperBound <= byteCount else { throw .outOfRange }
        guard !range.isEmpty else { return 0..<0 }
        let start = (byteOffset + range.lowerBound) / sector
        let end = (byteOffset + range.upperBound + sector - 1) / sector
        guard end - start <= UInt64(buffer.byteCount) / sector else { throw .outOfRange }
        do throws(BlockError) {
            let length = Int((end - start) * sector)
            try await access.device.read(at: start, into: buffer[0..<length])
        } catch {
            throw .device(error)
        }
        let first = Int(byteOffset + range.lowerBound - start * sector)
        return first..<(first + range.count)
    }

    /// Reads a part of the file.
    public func read(_ range: Range<UInt64>) async throws(TarError) -> [UInt8] {
        guard range.upperBound <= byteCount else { throw .outOfRange }
        guard !range.isEmpty else { return [] }
        let pageCount = (bufferByteCount(for: range.count) + PageBuffer.pageByteCount - 1)
        let buffer = PageBuffer(pageCount: pageCount / PageBuffer.pageByteCount)
        let place = try await read(range, into: buffer)
        return Array(buffer.bytes[place])
    }

    /// Reads all of the file.
    public func readAll() async throws(TarError) -> [UInt8] { try await read(0..<byteCount) }
}
