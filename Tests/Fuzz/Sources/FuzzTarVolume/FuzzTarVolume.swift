// Opens whatever the fuzzer thinks of as an archive, and reads what it says is there.

import BlockDevices
import ModelDisks

@testable import Storage

/// What libFuzzer calls with each input: an archive, whose headers' checksums are made right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: start, count: min(count, 1 << 16)))
    bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    guard !bytes.isEmpty else { return 0 }
    for block in stride(from: 0, to: bytes.count, by: 512) { mend(&bytes, at: block) }
    let loop = TaskLoop()
    let disk = CachingDisk(loop, contents: bytes)
    var limits = TarLimits()
    limits.entryCount = 64
    let bounds = limits
    loop.run {
        do throws(TarError) {
            let volume = try await TarVolume.open(on: disk, limits: bounds)
            precondition(volume.entryCount <= 65, "more entries than were allowed")
            for path in volume.paths { await look(at: path, in: volume) }
        } catch {}
    }
    return 0
}

private func look(at path: [UInt8], in volume: TarVolume<CachingDisk>) async {
    do throws(TarError) {
        _ = try volume.entry(at: path)
    } catch {
        preconditionFailure("a path that is listed and not there")
    }
    do throws(TarError) { _ = try volume.list(path) } catch {}
    do throws(TarError) {
        let file = try volume.file(at: path)
        let bytes = try await file.readAll()
        precondition(bytes.count == Int(file.byteCount), "a file of another length")
    } catch {
        if case .device = error { preconditionFailure("a file outside of its device") }
    }
}

/// Whoever wrote the archive gets its checksums right.
private func mend(_ bytes: inout [UInt8], at block: Int) {
    let header = bytes[block..<(block + 512)]
    guard header.contains(where: { $0 != 0 }) else { return }
    var sum = 0
    for (index, byte) in header.enumerated() {
        sum += (148..<156).contains(index) ? 32 : Int(byte)
    }
    for place in 0..<6 {
        bytes[block + 153 - place] = UInt8(ascii: "0") + UInt8((sum >> (3 * place)) & 7)
    }
    bytes[block + 154] = 0
    bytes[block + 155] = 32
}
