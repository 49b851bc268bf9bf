// `apus bench block`: a guest of ours and a Linux, side by side on one machine, on the same file of
// dom0's memory through the same backend.

import Foundation
import RigTools

/// What is measured how often.
public struct BlockBench: Sendable {
    public let image: GuestImage
    public let mode: BootMode
    /// Of each side for each row; the sides take turns.
    public let runs: Int
    public let milliseconds: Int
    /// Whether rows of time are measured on the machine that counts instructions, too: then what
    /// else the host does shows in none.
    public let countsAll: Bool
    /// How long the guest lends its buffers for.
    public let grants: Grants
    /// Only rows whose name has this in it; all where it is empty.
    public let filter: String
    public let mirror: String?
    public let progress: Progress

    /// How long a disk's pages stay lent.
    public enum Grants: String, Sendable, CaseIterable {
        /// From their first use on, as those of Linux do.
        case kept
        /// For each request anew.
        case each
    }

    var diskMiB = 128
    static let device = "xvda"
    /// Requests whose instructions are the difference of two orders.
    private static let countedRequests = 2000

    /// - Parameter image: that of Tests/Benchmarks.
    public init(
        image: GuestImage, mode: BootMode, runs: Int, milliseconds: Int, countsAll: Bool = false,
        grants: Grants = .kept, filter: String = "", mirror: String? = nil, progress: Progress
    ) {
        precondition(runs > 0 && milliseconds > 0 && mode.rig == .xen)
        self.image = image
        self.mode = mode
        self.runs = runs
        self.milliseconds = milliseconds
        self.countsAll = countsAll
        self.grants = grants
        self.filter = filter
        self.mirror = mirror
        self.progress = progress
    }

    /// Boots two machines, one after the other: one for time, one for instructions. One that no
    /// row needs is not booted.
    ///
    /// - Throws: `notFound` where no row is left, and what the rig throws.
    public func report() async throws(RigError) -> BenchReport {
        let timed = BlockWorkload.measured.filter { isWanted($0.name) }
        let counted = BlockWorkload.counted.filter { isWanted($0.instructionsName) }
        var rows: [BenchRow] = []
        if !timed.isEmpty, !countsAll {
            rows += try await onMachine(counting: false) { sides throws(RigError) in
                try await measureTime(of: timed, sides)
            }
        }
        if !counted.isEmpty || countsAll {
            rows += try await onMachine(counting: true) { sides throws(RigError) in
                let first = countsAll ? try await measureTime(of: timed, sides) : []
                return first + (try await countInstructions(of: counted, sides))
            }
        }
        guard !rows.isEmpty else { throw .notFound("no row has \"\(filter)\" in its name") }
        return BenchReport(rows)
    }

    private func isWanted(_ name: String) -> Bool { filter.isEmpty || name.contains(filter) }

    struct Sides {
        let apus: BenchParty
        let peer: BenchParty
        let peerName: String
        /// The file that both have as their disk.
        let path: String

        /// Measures both, ours first in every other run: so none always follows the other.
        func measure(
            runs: Int, _ ours: () async throws(RigError) -> Double,
            _ theirs: () async throws(RigError) -> Double
        ) async throws(RigError) -> (apus: Samples, peer: Samples) {
            var (our, their): ([Double], [Double]) = ([], [])
            for run in 0..<runs {
                if run % 2 == 0 { our.append(try await ours()) }
                their.append(try await theirs())
                if run % 2 == 1 { our.append(try await ours()) }
            }
            return (Samples(our), Samples(their))
        }

        /// Ends both, and the disk.
        func end() async throws(RigError) {
            for party in [apus, peer] { try await party.domain.destroy() }
            try await apus.domain.rig.removeDisk(path)
        }
    }

    private func onMachine(
        counting: Bool, _ body: (Sides) async throws(RigError) -> [BenchRow]
    ) async throws(RigError) -> [BenchRow] {
        let options = RigOptions(
            instructionCounting: counting, mirror: mirror, bootTimeout: .seconds(600))
        let rig = try await Rig.boot(.xen, options, progress: progress)
        do {
            let rows = try await body(try await sides(on: rig))
            await rig.shutdown()
            return rows
        } catch {
            await rig.shutdown()
            throw error
        }
    }

    /// Starts both domains.
    func sides(on rig: Rig) async throws(RigError) -> Sides {
        progress.report("Starting Linux and the guest")
        let path = try await rig.makeDisk(named: "bench", mebibytes: diskMiB)
        // Filled, so that no request is the one that takes memory.
        let filled = try await rig.run(
            "exec dd if=/dev/zero of=\(Quoting.shell(path)) bs=1M count=\(diskMiB)")
        guard filled.succeeded else { throw .rigFailed("no disk: \(filled.lastLine)") }
        let disks = [Disk(path: path, device: Self.device)]
        let peer = try await rig.startLinuxPeer(mode, disks: disks)
        let domain = try await rig.start(
            DomainConfiguration(
                name: "apus", image: image.file, mode: mode,
                arguments: ["persistent=\(grants == .kept ? 1 : 0)"], disks: disks))
        let release = try await rig.kernelRelease()
        return Sides(
            apus: try await BenchParty(domain), peer: peer,
            peerName: "Linux \(release) \(mode.rawValue.uppercased())", path: path)
    }

    func measureTime(
        of workloads: [BlockWorkload], _ sides: Sides
    ) async throws(RigError) -> [BenchRow] {
        let length = BlockWorkload.Length.milliseconds(milliseconds)
        let timeout = Duration.milliseconds(2 * milliseconds) + .seconds(300)
        var rows: [BenchRow] = []
        for workload in workloads {
            progress.report("\(workload.name), \(runs) times each")
            let order = workload.order(device: Self.device, length)
            let command = workload.fioCommand(device: Self.device, length)
            let values = try await sides.measure(runs: runs) { () throws(RigError) in
                let answer = try await sides.apus.carryOut(order, timeout: timeout)
                return try BlockOutcome(guest: answer).value(in: workload.unit)
            } _: { () throws(RigError) in
                let report = try await sides.peer.carryOut(command, timeout: timeout)
                return try BlockOutcome(fio: report).value(in: workload.unit)
            }
            rows.append(
                BenchRow(
                    name: workload.name, unit: workload.unit, apus: values.apus,
                    peer: values.peer, peerName: sides.peerName))
        }
        return rows
    }

    private func countInstructions(
        of workloads: [BlockWorkload], _ sides: Sides
    ) async throws(RigError) -> [BenchRow] {
        var rows: [BenchRow] = []
        for workload in workloads {
            progress.report("\(workload.instructionsName), \(runs) times each")
            let values = try await sides.measure(runs: runs) { () throws(RigError) in
                try await instructions(sides.apus) {
                    workload.order(device: Self.device, .requests($0))
                }
            } _: { () throws(RigError) in
                try await instructions(sides.peer) {
                    workload.fioCommand(device: Self.device, .requests($0))
                }
            }
            rows.append(
                BenchRow(
                    name: workload.instructionsName, unit: .instructions, apus: values.apus,
                    peer: values.peer, peerName: sides.peerName))
        }
        return rows
    }

    /// What one more request takes: what begins and ends an order is in both, and drops out.
    private func instructions(
        _ party: BenchParty, _ order: (Int) -> String
    ) async throws(RigError) -> Double {
        let count = Self.countedRequests
        let timeout = Duration.seconds(600)
        let once = try await party.processorTime(of: order(count), timeout: timeout)
        let twice = try await party.processorTime(of: order(2 * count), timeout: timeout)
        let difference = (twice - once) / Duration.nanoseconds(1)
        return max(difference, 0) / Double(count)
    }
}
