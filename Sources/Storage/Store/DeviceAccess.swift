// Bytes of a block device, through buffers that are used again.

import BlockDevices

/// Reads and writes whole blocks of 4096 bytes. On one executor.
final class DeviceAccess<Device: BlockDevice>: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private static var keptCount: Int { 8 }
    private static var keptPageCount: Int { 32 }

    let device: Device
    private let sectorByteCount: UInt64
    /// Buffers that no request uses. A driver may keep grants with them.
    private var kept: [PageBuffer] = []

    init(_ device: Device) {
        self.device = device
        sectorByteCount = UInt64(device.geometry.sectorByteCount)
    }

    /// The bytes from `byteOffset` on, both multiples of a block's size.
    func read(at byteOffset: UInt64, byteCount: Int) async throws(BlockError) -> [UInt8] {
        let buffer = take(byteCount)
        // After an error the buffer is not used again: a cancelled read may still fill it.
        try await device.read(at: byteOffset / sectorByteCount, into: buffer[0..<byteCount])
        let bytes = Array(buffer.bytes[0..<byteCount])
        keep(buffer)
        return bytes
    }

    /// Writes whole blocks from `byteOffset` on.
    func write(_ bytes: [UInt8], at byteOffset: UInt64) async throws(BlockError) {
        let buffer = take(bytes.count)
        bytes.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
        try await device.write(at: byteOffset / sectorByteCount, from: buffer[0..<bytes.count])
        keep(buffer)
    }

    /// Makes durable what was written.
    func flush() async throws(BlockError) {
        guard device.geometry.features.contains(.flush) else { return }
        try await device.flush()
    }

    private func take(_ byteCount: Int) -> PageBuffer {
        let pageCount = (byteCount + PageBuffer.pageByteCount - 1) / PageBuffer.pageByteCount
        if let index = kept.firstIndex(where: { $0.pageCount >= pageCount }) {
            return kept.remove(at: index)
        }
        return PageBuffer(pageCount: pageCount)
    }

    private func keep(_ buffer: PageBuffer) {
        guard buffer.pageCount <= Self.keptPageCount else { return }
        if kept.count == Self.keptCount { kept.removeFirst() }
        kept.append(buffer)
    }
}
