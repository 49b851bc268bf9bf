import Foundation
import RigTools
import Testing

@testable import XenRig

@Suite("A bench's figures say what was measured")
struct BenchFigureTests {
    @Test("the median is the middle, or the mean of the two in the middle")
    func median() {
        #expect(Samples([3]).median == 3)
        #expect(Samples([9, 1, 4]).median == 4)
        #expect(Samples([8, 2, 4, 100]).median == 6)
    }

    @Test("the spread is from the least to the greatest, as a part of the median")
    func spread() {
        #expect(Samples([5]).spread == 0)
        #expect(Samples([90, 100, 120]).spread == 0.3)
        #expect(Samples([0, 0]).spread == 0)
    }

    private func row(
        _ unit: BenchUnit, _ apus: [Double], _ peer: [Double], name: String = "a row"
    ) -> BenchRow {
        BenchRow(
            name: name, unit: unit, apus: Samples(apus), peer: Samples(peer), peerName: "Linux")
    }

    @Test("a ratio above 1 is in our favour, whatever the unit")
    func ratio() {
        #expect(row(.operationsPerSecond, [300], [100]).ratio == 3)
        #expect(row(.megabytesPerSecond, [50], [100]).ratio == 0.5)
        #expect(row(.packetsPerSecond, [50], [100]).ratio == 0.5)
        #expect(row(.instructions, [50], [100]).ratio == 2)
        #expect(row(.microseconds, [200], [100]).ratio == 0.5)
        #expect(row(.operationsPerSecond, [1], [0]).ratio == nil)
        #expect(row(.instructions, [0], [1]).ratio == nil)
    }

    @Test("the table has medians, spreads and ratios in columns")
    func table() {
        let report = BenchReport([
            row(.operationsPerSecond, [9000, 10_000, 10_500], [4000, 5000, 4500], name: "short"),
            row(.instructions, [7.5], [22.25], name: "a longer name"),
        ])
        #expect(
            report.table == """
                                Apus  spread  peer  spread  ratio  unit          peer is
                short          10000     15%  4500     22%   2.22  IOPS          Linux
                a longer name   7.50      0%  22.2      0%   2.97  instructions  Linux

                """)
    }

    @Test("a program reads name, unit, medians, peer and ratio")
    func json() throws {
        let report = BenchReport([
            row(.operationsPerSecond, [1, 2, 3], [4], name: "\"quoted\""),
            row(.instructions, [1], [0]),
        ])
        let parsed = try JSONSerialization.jsonObject(with: Data(report.json.utf8))
        let objects = try #require(parsed as? [[String: Any]])
        #expect(objects.count == 2)
        #expect(
            Set(objects[0].keys) == ["name", "unit", "apus", "peer", "peerName", "ratio"])
        #expect(objects[0]["name"] as? String == "\"quoted\"")
        #expect(objects[0]["unit"] as? String == "IOPS")
        #expect(objects[0]["apus"] as? Double == 2)
        #expect(objects[0]["peer"] as? Double == 4)
        #expect(objects[0]["peerName"] as? String == "Linux")
        #expect(objects[0]["ratio"] as? Double == 0.5)
        #expect(objects[1]["ratio"] as? Double == 0)
        #expect(BenchReport([]).json == "[\n\n]\n")
    }
}

/// Reports as fio writes them.
private enum FioText {
    static func text(_ read: String, _ write: String, error: Int = 0) -> String {
        """
        fio: something that it says first
        {
          "fio version" : "fio-3.39",
          "jobs" : [
            {
              "jobname" : "bench", "error" : \(error), "elapsed" : 3,
              "read" : { \(read) },
              "write" : { \(write) },
              "trim" : { "io_bytes" : 0 }
            }
          ],
          "disk_util" : []
        }
        """
    }

    static let nothing = #""io_bytes" : 0, "total_ios" : 0, "runtime" : 0"#
    static let some =
        #""io_bytes" : 8192000, "iops" : 1000.0, "total_ios" : 2000, "runtime" : 2000"#
}

@Suite("What both sides of a bench print is read, and nothing else")
struct BenchOutputTests {
    @Test("fio's reads and writes", arguments: [true, false])
    func fio(isRead: Bool) throws {
        let text =
            isRead
            ? FioText.text(FioText.some, FioText.nothing)
            : FioText.text(FioText.nothing, FioText.some)
        let outcome = try BlockOutcome(fio: text)
        #expect(outcome == BlockOutcome(requests: 2000, bytes: 8_192_000, seconds: 2))
        #expect(outcome.value(in: .operationsPerSecond) == 1000)
        #expect(outcome.value(in: .megabytesPerSecond) == 4.096)
    }

    @Test("the guest's line, after others")
    func guest() throws {
        let line = "requests=50 bytes=204800 nanoseconds=500000000 errors=0\n"
        let text = "on the ring: 7 requests\n" + line
        let outcome = try BlockOutcome(guest: text)
        #expect(outcome == BlockOutcome(requests: 50, bytes: 204_800, seconds: 0.5))
    }

    @Test(
        "a side that failed or did nothing has no figures",
        arguments: [
            "", "fio: no such file", "{", "{\"jobs\" : []}", "{\"jobs\" : [{\"error\" : 0}]}",
            FioText.text(FioText.some, FioText.nothing, error: 5),
            FioText.text(FioText.nothing, FioText.nothing),
        ])
    func failedFio(text: String) {
        #expect(throws: RigError.self) { try BlockOutcome(fio: text) }
    }

    @Test(
        "nor has a guest",
        arguments: [
            "", "no disk xvda", "requests=1 bytes=4096 nanoseconds=1",
            "requests=1 bytes=4096 nanoseconds=1 errors=2",
            "requests=0 bytes=0 nanoseconds=1 errors=0",
            "requests=1 bytes=4096 nanoseconds=1 errors=0\nsomething else",
        ])
    func failedGuest(text: String) {
        #expect(throws: RigError.self) { try BlockOutcome(guest: text) }
    }

    @Test("an answer is what stands between its two lines, once both are there")
    func answer() throws {
        let console = "bench: ready\nbench: begin 1\nbench: end 1 0\nbench: begin 12\na\nb\n"
        #expect(BenchAnswer(to: 12, in: console) == nil)
        #expect(BenchAnswer(to: 12, in: console + "bench: end 12 1") == nil)
        let answer = try #require(BenchAnswer(to: 12, in: console + "bench: end 12 1\n"))
        #expect(answer.output == "a\nb\n")
        #expect(answer.status == 1)
        let empty = try #require(BenchAnswer(to: 1, in: console))
        #expect(empty.output.isEmpty && empty.status == 0)
        #expect(BenchAnswer(to: 2, in: console) == nil)
    }
}

@Suite("Both sides of a bench do the same")
struct BlockWorkloadTests {
    @Test("rows are named by what is done")
    func names() {
        let names = BlockWorkload.measured.map(\.name)
        #expect(names.count == Set(names).count)
        #expect(names.contains("block random read 4 KiB depth 32"))
        #expect(names.contains("block random write 4 KiB depth 128"))
        #expect(names.contains("block sequential write 128 KiB"))
        #expect(
            BlockWorkload.counted.map(\.instructionsName)
                .contains("block instructions per 4 KiB read depth 32"))
    }

    @Test("an order has the pattern, the size, the depth and the end")
    func orders() {
        let workload = BlockWorkload(.randomRead, requestBytes: 4096, depth: 32)
        #expect(
            workload.order(device: "xvda", .requests(5))
                == "block device=xvda pattern=randread bytes=4096 depth=32 requests=5")
        let command = workload.fioCommand(device: "xvda", .milliseconds(1500))
        #expect(
            workload.order(device: "xvda", .milliseconds(1500))
                .hasSuffix("depth=32 warmup=1500 milliseconds=1500"))
        let words = ["--rw=randread", "--bs=4096", "--iodepth=32", "--runtime=1500ms"]
        for word in words + ["--ramp_time=1500ms"] {
            #expect(command.split(separator: " ").contains(Substring(word)))
        }
        #expect(command.contains("--direct=1 --ioengine=libaio"))
        #expect(workload.fioCommand(device: "xvda", .requests(5)).hasSuffix("--number_ios=5"))
    }
}
