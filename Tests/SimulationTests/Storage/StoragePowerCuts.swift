// A store on a disk whose power goes, again and again, at any moment.

import BlockDevices
import ModelDisks
import SeededRandomness
import Storage
import Testing

@Suite struct StoragePowerCuts {
    @Test func `A disk that fails now and then loses nothing that was acknowledged`() {
        Seeds.check(50, weight: 4) { FailingDisk(seed: $0).run() }
    }

    @Test func `After any cut the first so many commits are there, and all that were durable`() {
        Seeds.check(120) { PowerCuts(seed: $0).run() }
    }
}

extension StoragePowerCuts {
    @Test func `A disk that only says that it has flushed is found out`() {
        let failures = (0..<16 as Range<UInt64>).filter { seed in
            !PowerCuts(seed: seed, ignoresFlushes: true).run().isEmpty
        }
        #expect(failures.count > 3)
    }
}

/// One disk's life: some openings of its store, most of which end with a power cut.
struct PowerCuts {
    private var generator: SeededGenerator
    private let sectorByteCount: Int
    private let ignoresFlushes: Bool
    private var image: [UInt8]
    private var contents: StoreHistory.Contents = [:]

    init(seed: UInt64, ignoresFlushes: Bool = false) {
        generator = SeededGenerator(seed: seed)
        self.ignoresFlushes = ignoresFlushes
        sectorByteCount = generator.next() % 2 == 0 ? 512 : 4096
        let segmentCount = 8 + Int(generator.next() % 5)
        image = [UInt8](repeating: 0, count: (128 + 64 * segmentCount) * 1024)
    }

    func run() -> [String] {
        var copy = self
        for life in 0..<(2 + copy.generator.next() % 3) {
            let faults = copy.live()
            if !faults.isEmpty { return faults.map { "life \(life): \($0)" } }
        }
        return []
    }

    /// Opens, works, loses power, and looks what is there.
    private mutating func live() -> [String] {
        let loop = TaskLoop(seed: generator.next())
        let disk = CachingDisk(loop, contents: image, sectorByteCount: sectorByteCount)
        disk.ignoresFlushes = ignoresFlushes
        if generator.next() % 8 != 0 {
            // Some cuts come while the store is made or opened.
            let most: UInt64 = generator.next() % 6 == 0 ? 40 : 700
            disk.requestsUntilCut = 1 + Int(generator.next() % most)
        }
        let life = StoreLife(disk, loop, base: contents, seed: generator.next())
        let taskCount = 1 + Int(generator.next() % 4)
        let stepCount = 10 + Int(generator.next() % 80)
        let isClosed: Bool = loop.run {
            do throws(StoreError) {
                let store = try await life.open()
                await life.work(store, taskCount: taskCount, stepCount: stepCount)
                try await store.close()
                return true
            } catch {
                if !disk.isOff { life.faults.append("\(error)") }
                return false
            }
        }
        image = disk.contentsAfterCut()
        return life.faults + recover(life, isClosed: isClosed)
    }

    /// Opens what the cut left; now and then the power goes meanwhile, which must change nothing.
    private mutating func recover(_ life: StoreLife, isClosed: Bool) -> [String] {
        for attempt in 0..<6 {
            let loop = TaskLoop(seed: generator.next())
            let disk = CachingDisk(loop, contents: image, sectorByteCount: sectorByteCount)
            if attempt < 5, generator.next() % 3 == 0 {
                disk.requestsUntilCut = 1 + Int(generator.next() % 40)
            }
            let outcome: Result<Finding, StoreError> = loop.run {
                do throws(StoreError) {
                    let store = try await StoreLife.Store.open(on: disk, spawn: loop.spawn)
                    return .success(
                        Finding(
                            contents: try await StoreLife.contents(of: store.snapshot()),
                            report: store.recovery))
                } catch {
                    return .failure(error)
                }
            }
            image = disk.contentsAfterCut()
            switch outcome {
            case .success(let finding):
                contents = finding.contents
                return faults(life, finding, isClosed: isClosed)
            case .failure(.device(.offline)): continue
            case .failure(.noStore) where contents.isEmpty && life.history.count == 0:
                return isClosed ? ["a closed store is gone"] : []
            case .failure(let error): return ["opening: \(error)"]
            }
        }
        return ["the power goes too often"]
    }

    private func faults(
        _ life: StoreLife, _ finding: Finding, isClosed: Bool
    ) -> [String] {
        if let fault = life.history.fault(in: finding.contents) { return [fault] }
        if isClosed, finding.contents != life.history.acknowledged {
            return ["a closed store has other contents"]
        }
        if isClosed, !finding.report.wasClosed || finding.report.isTailTorn {
            return ["a closed store does not say so"]
        }
        return finding.report.keyCount == finding.contents.count ? [] : ["a wrong count of keys"]
    }
}

/// A disk of which some sectors cannot be written, and whose writes and flushes fail.
struct FailingDisk {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    func run() -> [String] {
        var copy = self
        return copy.live()
    }

    private mutating func live() -> [String] {
        let loop = TaskLoop(seed: generator.next())
        let disk = CachingDisk(loop, byteCount: (128 + 64 * 14) * 1024)
        let life = StoreLife(disk, loop, base: [:], seed: generator.next())
        life.toleratesFailures = true
        let (faults, flushes) = (drawFaults(disk), generator.next() % 2 == 0)
        loop.run {
            do throws(StoreError) {
                let store = try await life.open()
                disk.faults = faults
                disk.faults.flush = flushes ? 0.02 : 0
                await life.work(store, taskCount: 3, stepCount: 60)
                disk.faults.write = 0
                disk.faults.flush = 0
                // Refused after a failed flush; the next opening finds what there is.
                do throws(StoreError) { try await store.close() } catch {}
            } catch {
                life.faults.append("\(error)")
            }
        }
        return life.faults + recover(life, disk.contentsAfterCut())
    }

    private mutating func drawFaults(_ disk: CachingDisk) -> CachingDisk.Faults {
        var faults = CachingDisk.Faults()
        if generator.next() % 2 == 0 { faults.write = 0.03 }
        for _ in 0..<(generator.next() % 3) {
            // Not among the superblocks: of these, each must be writable.
            let first: UInt64 = 128 * 2
            faults.badSectors.insert(
                first + generator.next() % (disk.geometry.sectorCount - first))
        }
        return faults
    }

    private mutating func recover(_ life: StoreLife, _ image: [UInt8]) -> [String] {
        let loop = TaskLoop(seed: generator.next())
        let disk = CachingDisk(loop, contents: image)
        return loop.run {
            do throws(StoreError) {
                let store = try await StoreLife.Store.open(on: disk, spawn: loop.spawn)
                let found = try await StoreLife.contents(of: store.snapshot())
                return life.history.fault(in: found).map { [$0] } ?? []
            } catch {
                return ["opening: \(error)"]
            }
        }
    }
}

private struct Finding: Sendable {
    let contents: StoreHistory.Contents
    let report: RecoveryReport
}
