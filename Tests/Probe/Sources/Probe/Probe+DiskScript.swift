// Disks that somebody else takes away, makes larger and breaks: the guest does what the console
// says, and tells what came of it.
//
//     read xvda 8      one block of 4096 bytes, by its number; write, discard likewise
//                      (what is loaded is not to be written by hand as well)
//     flush xvda
//     fault xvda       why it was not connected, once that is known
//     load xvda 16     reads and writes without end, so many at a time, until an error or `stop`
//     quit

import Apus
import BlockDevices
import BlockFront
import XenBus

extension Probe {
    static func obeyDisks() async {
        let bus = DeviceBus(store: Guest.xenStore, timekeeper: Guest.timekeeper)
        var options = diskOptions()
        options.patienceNanoseconds = UInt64(number("patience", 30_000)) * 1_000_000
        let disks = Disks(on: Guest.devicePlatform, options: options)
        bus.register(disks)
        let script = DiskScript(disks)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            for name in (Guest.argument("disks") ?? "xvda,xvdb").split(separator: ",") {
                group.addTask { await script.follow(String(name)) }
            }
            print("disks: ready")
            for await line in consoleLines {
                let words = line.split(separator: " ").map(String.init)
                if words == ["quit"] { break }
                group.addTask { await script.obey(words) }
            }
            bus.shutdown()
            group.cancelAll()
        }
        for _ in 0..<300 where Guest.quarantine.count > 0 {
            try? await Task.sleep(for: .milliseconds(100))
        }
        print("quarantine: \(Guest.quarantine.count)")
    }
}

/// What the console has asked for.
final class DiskScript: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let disks: Disks
    /// What was written to each disk, whatever becomes of the disk meanwhile.
    private var loads: [String: DiskLoad] = [:]

    init(_ disks: Disks) { self.disks = disks }

    /// Tells of a disk's coming, changing and going.
    func follow(_ name: String) async {
        while !Task.isCancelled {
            do throws(BlockError) {
                let disk = try await disks.open(name)
                print("\(name): \(disk.geometry.sectorCount) sectors")
                for await geometry in disk.geometryChanges {
                    print("\(name): now \(geometry.sectorCount) sectors")
                }
                print("\(name): gone")
            } catch {
                if error != .cancelled { print("\(name): \(Probe.name(of: error))") }
            }
        }
    }

    func obey(_ words: [String]) async {
        guard words.count > 1 else { return print("not understood") }
        let line = words.joined(separator: " ")
        if words[0] == "fault" { return print("\(line): \(await fault(of: words[1]))") }
        do throws(BlockError) {
            let disk = try await disks.open(words[1], withinNanoseconds: 0)
            let number = words.count > 2 ? UInt64(words[2]) ?? 0 : 0
            try await obey(words[0], disk, words[1], number)
            print("\(line): ok")
        } catch {
            print("\(line): \(Probe.name(of: error))")
        }
    }

    private func fault(of name: String) async -> String {
        guard let name = DiskName(name) else { return "no name" }
        while !Task.isCancelled {
            switch disks.fault(of: name) {
            case .store: return "store"
            case .handshake: return "handshake"
            case .device: return "device"
            case nil: try? await Task.sleep(for: .milliseconds(100))
            }
        }
        return "none"
    }

    private func obey(
        _ verb: String, _ disk: Disk, _ name: String, _ number: UInt64
    ) async throws(BlockError) {
        let unit = UInt64(4096 / disk.geometry.sectorByteCount)
        let buffer = PageBuffer(pageCount: 1)
        switch verb {
        case "read": try await disk.read(at: number * unit, into: buffer.all)
        case "write": try await disk.write(at: number * unit, from: buffer.all)
        case "discard": try await disk.discard(number * unit..<(number + 1) * unit)
        case "flush": try await disk.flush()
        case "stop": loads[name]?.isStopped = true
        case "load":
            let load = loads[name] ?? DiskLoad(name, disk)
            loads[name] = load
            let error = await load.run(on: disk, depth: Int(number))
            if load.wrongCount > 0 { print("\(name): \(load.wrongCount) blocks are wrong") }
            Probe.report(disk.statistics)
            if let error { throw error }
        default: throw .unsupported
        }
    }
}

/// Reads and writes without end, each block by one task: so what must be there is known.
final class DiskLoad: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let name: String
    /// What was written last to each block; nil where an error leaves it open.
    private var known: [UInt64?]
    private var state: UInt64 = 1
    private var doneCount = 0
    private var error: BlockError?
    var isStopped = false
    private(set) var wrongCount = 0

    /// - Parameter disk: as it is the first time; of a larger one this much is used. It is new, and
    ///   so has zeros.
    init(_ name: String, _ disk: Disk) {
        self.name = name
        known = [UInt64?](repeating: 0, count: Int(disk.geometry.byteCount / 4096))
    }

    /// Until an error, which is returned, or until it is stopped.
    func run(on disk: Disk, depth: Int) async -> BlockError? {
        (isStopped, error, doneCount) = (false, nil, 0)
        await withDiscardingTaskGroup { group in
            for number in 0..<depth {
                group.addTask { await self.work(disk, number, depth) }
            }
        }
        return error
    }

    private func draw() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 16
    }

    private func work(_ disk: Disk, _ number: Int, _ depth: Int) async {
        let buffer = PageBuffer(pageCount: 1)
        let words = buffer.bytes.assumingMemoryBound(to: UInt64.self)
        let unit = 4096 / disk.geometry.sectorByteCount
        let share = known.count / depth
        while !isStopped, error == nil {
            let block = Int(draw() % UInt64(share)) * depth + number
            let sector = UInt64(block * unit)
            do throws(BlockError) {
                if draw() % 2 == 0 {
                    let value = draw()
                    words.update(repeating: value)
                    known[block] = nil
                    try await disk.write(at: sector, from: buffer.all)
                    known[block] = value
                } else {
                    try await disk.read(at: sector, into: buffer.all)
                    let value = known[block] ?? words[0]
                    if words.contains(where: { $0 != value }) { wrongCount += 1 }
                }
                doneCount += 1
                if doneCount % 256 == 0 { print("load \(name): \(doneCount) done") }
            } catch {
                self.error = self.error ?? error
            }
        }
    }
}
