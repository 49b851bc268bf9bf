// What the application's tasks call: a place in the table, then a wait.

import BlockDevices
import Clock
import _Concurrency

extension DiskEngine {
    /// Reads or writes the bytes of one slice.
    @inline(__always)
    nonisolated(nonsending) func transfer(
        _ kind: Operation.Kind, at sector: UInt64, _ slice: PageBuffer.Slice
    ) async throws(BlockError) {
        try check(kind, sector, slice.byteOffset, byteCount: slice.byteCount)
        guard slice.byteCount > 0 else { return }
        let index = try await takePlace()
        let place = begin(index, kind, at: sector, byteCount: slice.byteCount)
        place.pointee.slice = slice
        if let error = await wait(index) { throw error }
    }

    /// Reads or writes the bytes of several slices.
    nonisolated(nonsending) func transfer(
        _ kind: Operation.Kind, at sector: UInt64, _ slices: [PageBuffer.Slice]
    ) async throws(BlockError) {
        var byteCount = 0
        for slice in slices {
            try check(kind, 0, slice.byteOffset, byteCount: slice.byteCount)
            byteCount += slice.byteCount
        }
        try check(kind, sector, 0, byteCount: byteCount)
        guard byteCount > 0 else { return }
        let index = try await takePlace()
        let place = begin(index, kind, at: sector, byteCount: byteCount)
        place.pointee.slices = slices
        place.pointee.slice = slices[0]
        if let error = await wait(index) { throw error }
    }

    /// A flush, or a discard of sectors of the disk's own size.
    nonisolated(nonsending) func command(
        _ kind: Operation.Kind, _ sectors: Range<UInt64> = 0..<0
    ) async throws(BlockError) {
        let index = try await takePlace()
        let place = begin(index, kind, at: sectors.lowerBound, byteCount: 0)
        place.pointee.sectorCount = UInt64(sectors.count) * wireSectorsPerSector
        if let error = await wait(index) { throw error }
    }

    private var wireSectorsPerSector: UInt64 {
        UInt64(geometry.sectorByteCount / BackendOffer.wireSectorByteCount)
    }

    @inline(__always)
    private func check(
        _ kind: Operation.Kind, _ sector: UInt64, _ byteOffset: Int, byteCount: Int
    ) throws(BlockError) {
        // A power of two.
        guard byteOffset & (geometry.sectorByteCount - 1) == 0 else { throw .misaligned }
        try geometry.check(sector, byteCount: byteCount)
        if kind == .write, geometry.isReadOnly { throw .readOnly }
    }

    @inline(__always)
    private func begin(
        _ index: Int32, _ kind: Operation.Kind, at sector: UInt64, byteCount: Int
    ) -> UnsafeMutablePointer<Operation> {
        let place = table.places + Int(index)
        place.pointee.kind = kind
        place.pointee.isAbandoned = false
        place.pointee.hasFailed = false
        place.pointee.error = nil
        place.pointee.partCount = 0
        place.pointee.sector = sector * wireSectorsPerSector
        place.pointee.byteCount = byteCount
        place.pointee.bytesLeft = byteCount
        place.pointee.offset = 0
        place.pointee.sliceIndex = 0
        return place
    }

    /// A place in the table, at once or when one is free.
    @inline(__always)
    nonisolated(nonsending) private func takePlace() async throws(BlockError) -> Int32 {
        guard phase != .unreachable, phase != .over else { throw .offline }
        if table.count + reservedCount < table.capacity, room.isEmpty, let index = table.take() {
            return index
        }
        return try await waitForPlace()
    }

    nonisolated(nonsending) private func waitForPlace() async throws(BlockError) -> Int32 {
        while true {
            let isSignal = await room.wait()
            if reservedCount > 0, isSignal { reservedCount -= 1 }
            if phase == .unreachable || phase == .over { throw .offline }
            guard isSignal else { throw .cancelled }
            if let index = table.take() { return index }
        }
    }

    /// Puts an operation into the queue and waits for its end.
    @inline(__always)
    nonisolated(nonsending) private func wait(_ index: Int32) async -> BlockError? {
        let serial = table.places[Int(index)].serial
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled else {
                    table.free(index)
                    return continuation.resume(returning: .cancelled)
                }
                table.places[Int(index)].continuation = continuation
                table.enqueue(index)
                schedulePump()
            }
        } onCancel: {
            cancel(index, serial)
        }
    }

    /// Takes an operation out of the queue, or lets nobody wait for it any more: the backend may
    /// use its buffer until it has answered, so the operation keeps it.
    ///
    /// A change that is with the backend is waited for all the same. Were it forgotten, it could
    /// come after a later one that was acknowledged.
    private func cancel(_ index: Int32, _ serial: UInt64) {
        let place = table.places + Int(index)
        guard place.pointee.serial == serial, let continuation = place.pointee.continuation else {
            return
        }
        place.pointee.isAbandoned = true
        if table.withdraw(index) {
            place.pointee.error = place.pointee.error ?? .cancelled
            if place.pointee.partCount == 0 { return finish(index) }
            place.pointee.bytesLeft = 0
        }
        guard !place.pointee.kind.changesDisk else { return }
        place.pointee.continuation = nil
        continuation.resume(returning: .cancelled)
    }
}
