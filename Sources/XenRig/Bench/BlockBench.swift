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
    public let mirror: String?
    public let progress: Progress

    static let diskMiB = 128
    private static let device = "xvda"
    /// Requests whose instructions are the difference of two orders.
    private static let countedRequests = 2000

    /// - Parameter image: that of Tests/Benchmarks.
    public init(
        image: GuestImage, mode: BootMode, runs: Int, milliseconds: Int, mirror: String? = nil,
        progress: Progress
    ) {
        precondition(runs > 0 && milliseconds > 0 && mode.rig == .xen)
        self.image = image
        self.mode = mode
        self.runs = runs
        self.milliseconds = milliseconds
        self.mirror = mirror
        self.progress = progress
    }

    /// Boots two machines, one after the other: one for time, one for instructions.
    public func report() async throws(RigError) -> BenchReport {
        let timed = try await onMachine(counting: false, measureTime)
        return BenchReport(timed + (try await onMachine(counting: true, countInstructions)))
    }

    private struct Sides {
        let apus: BenchParty
        let peer: BenchParty
        let peerName: String
    }

    private func onMachine(
        counting: Bool, _ body: (Sides) async throws(RigError) -> [BenchRow]
    ) async throws(RigError) -> [BenchRow] {
        let options = RigOptions(instructionCounting: counting, mirror: mirror)
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

    private func sides(on rig: Rig) async throws(RigError) -> Sides {
        progress.report("Starting Linux and the guest")
        let path = try await rig.makeDisk(named: "bench", mebibytes: Self.diskMiB)
        // Filled, so that no request is the one that takes memory.
        let filled = try await rig.run(
            "exec dd if=/dev/zero of=\(Quoting.shell(path)) bs=1M count=\(Self.diskMiB)")
        guard filled.succeeded else { throw .rigFailed("no disk: \(filled.lastLine)") }
        let disks = [Disk(path: path, device: Self.device)]
        let peer = try await rig.startLinuxPeer(mode, disks: disks)
        let domain = try await rig.start(
            DomainConfiguration(name: "apus", image: image.file, mode: mode, disks: disks))
        let release = try await rig.kernelRelease()
        return Sides(
            apus: try await BenchParty(domain), peer: peer,
            peerName: "Linux \(release) \(mode.rawValue.uppercased())")
    }

    private func measureTime(_ sides: Sides) async throws(RigError) -> [BenchRow] {
        let length = BlockWorkload.Length.milliseconds(milliseconds)
        let timeout = Duration.milliseconds(milliseconds) + .seconds(120)
        var rows: [BenchRow] = []
        for workload in BlockWorkload.measured {
            var (ours, theirs): ([Double], [Double]) = ([], [])
            for run in 1...runs {
                progress.report("\(workload.name), run \(run) of \(runs)")
                let order = workload.order(device: Self.device, length)
                let answer = try await sides.apus.carryOut(order, timeout: timeout)
                ours.append(try BlockOutcome(guest: answer).value(in: workload.unit))
                let command = workload.fioCommand(device: Self.device, length)
                let report = try await sides.peer.carryOut(command, timeout: timeout)
                theirs.append(try BlockOutcome(fio: report).value(in: workload.unit))
            }
            rows.append(
                BenchRow(
                    name: workload.name, unit: workload.unit, apus: Samples(ours),
                    peer: Samples(theirs), peerName: sides.peerName))
        }
        return rows
    }

    private func countInstructions(_ sides: Sides) async throws(RigError) -> [BenchRow] {
        var rows: [BenchRow] = []
        for workload in BlockWorkload.counted {
            var (ours, theirs): ([Double], [Double]) = ([], [])
            for run in 1...runs {
                progress.report("\(workload.instructionsName), run \(run) of \(runs)")
                ours.append(
                    try await instructions(sides.apus) {
                        workload.order(device: Self.device, .requests($0))
                    })
                theirs.append(
                    try await instructions(sides.peer) {
                        workload.fioCommand(device: Self.device, .requests($0))
                    })
            }
            rows.append(
                BenchRow(
                    name: workload.instructionsName, unit: .instructions, apus: Samples(ours),
                    peer: Samples(theirs), peerName: sides.peerName))
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
