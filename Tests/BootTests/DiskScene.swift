// A guest that does with its disks what it is told, while the toolstack does something else.

import Testing
import XenRig

/// A probe with two disks: what is done to xvdb, xvda must not notice.
struct DiskScene: Sendable {
    let rig: Rig
    let domain: RunningDomain
    /// The file of xvdb.
    let path: String
    let other: Disk

    /// Runs a guest to its regular end, while `body` does something to its second disk.
    static func run(
        at place: DiskPlace, _ words: [String] = [], mebibytes: Int = 4,
        isReadOnly: Bool = false, sectorSize: Disk.SectorSize = .bytes512, isServed: Bool = true,
        _ body: @Sendable (DiskScene) async throws -> Void
    ) async throws {
        try await Stage.ordinary.run {
            let rig = try await Machine.rig(for: place.mode)
            let paths = [
                try await rig.makeDisk(named: "steady", mebibytes: 4),
                try await rig.makeDisk(named: "other", mebibytes: mebibytes),
            ]
            var other = place.disk(paths[1], "xvdb")
            (other.isReadOnly, other.sectorSize) = (isReadOnly, sectorSize)
            // Under Xen the disk that stays is blkback's: nothing that befalls a QEMU concerns it.
            let steady = DiskPlace(mode: place.mode, backend: .blkback).disk(paths[0])
            let disks = [steady, other]
            let domain = try await Domain.probe(["disk-script"] + words, place.mode, on: rig) {
                $0.disks = disks
            }
            let scene = DiskScene(rig: rig, domain: domain, path: paths[1], other: other)
            try await domain.wait(for: "xvda: 8192 sectors\n")
            if isServed { try await domain.wait(for: "xvdb: \(mebibytes * 2048) sectors\n") }
            try await body(scene)
            try await scene.expect("write xvda 7", "ok")
            try await domain.send(line: "quit")
            let end = try await domain.waitForEnd()
            Domain.expectSuccess(end)
            #expect(end.console.contains("quarantine: 0\n"), "\(end.console)")
            #expect(!end.console.contains("blocks are wrong"), "\(end.console)")
            for path in paths { try await rig.removeDisk(path) }
        }
    }

    /// How often the console has a text.
    func count(_ text: String) -> Int { domain.console.components(separatedBy: text).count - 1 }

    /// Waits until the console has a text so many times.
    func wait(for text: String, times: Int) async throws {
        for _ in 0..<3600 {
            if count(text) >= times { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no \(times) times \(text): \(domain.console.suffix(1000))")
    }

    /// Has the guest do something, and waits for what it says of it.
    func expect(_ order: String, _ outcome: String) async throws {
        let before = count("\n\(order): ")
        try await domain.send(line: order)
        try await wait(for: "\n\(order): ", times: before + 1)
        let said = domain.console.components(separatedBy: "\n\(order): ")
            .last?.split(separator: "\n").first
        #expect(said.map(String.init) == outcome, "\(order): \(domain.console.suffix(1000))")
    }

    /// Has the guest try something again and again until it comes out so.
    func retry(_ order: String, until outcome: String) async throws {
        let said = "\n\(order): "
        for _ in 0..<600 {
            let before = count(said)
            try await domain.send(line: order)
            try await wait(for: said, times: before + 1)
            let last = domain.console.components(separatedBy: said).last
            if last?.split(separator: "\n").first.map(String.init) == outcome { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        Issue.record("never \(outcome): \(order): \(domain.console.suffix(1000))")
    }

    /// Has the guest read and write xvdb without end; returns when it does.
    func load(_ depth: Int = 16) async throws {
        let before = count("load xvdb: 256 done\n")
        try await domain.send(line: "load xvdb \(depth)")
        try await wait(for: "load xvdb: 256 done\n", times: before + 1)
    }

    /// Waits for more of the load's progress.
    func moreLoad() async throws {
        let before = count("load xvdb: ")
        try await wait(for: "load xvdb: ", times: before + 3)
    }

    /// Waits for a load's end, and for what it ended with.
    func expectEndOfLoad(_ outcome: String, times: Int = 1) async throws {
        try await wait(for: "load xvdb 16: \(outcome)\n", times: times)
    }

    func stopLoad(times: Int = 1) async throws {
        try await domain.send(line: "stop xvdb")
        try await expectEndOfLoad("ok", times: times)
    }

    /// The directory of xvdb's backend in the store.
    func backendPath() async throws -> String {
        let device = "\(try domain.storePath())/device/vbd/51728/backend"
        return try #require(try await rig.store.read(device))
    }

    /// Runs a script in dom0, which must succeed.
    func inDom0(_ script: String) async throws {
        let result = try await rig.run(script)
        #expect(result.succeeded, "\(script): \(result.output)")
    }
}
