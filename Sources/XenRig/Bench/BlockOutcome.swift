// What a side says about its work on a disk.
// Source: fio(1), "JSON output"; the guest's line is that of Tests/Benchmarks.

import Foundation
import RigTools

/// Requests that were answered without an error, and how long they took.
struct BlockOutcome: Equatable {
    let requests: Int
    let bytes: Int
    let seconds: Double

    func value(in unit: BenchUnit) -> Double {
        unit == .megabytesPerSecond
            ? Double(bytes) / 1e6 / seconds : Double(requests) / seconds
    }
}

/// The part of fio's report that is looked at.
private struct FioReport: Decodable {
    struct Direction: Decodable {
        let ios: Int
        let bytes: Int
        let milliseconds: Int

        enum CodingKeys: String, CodingKey {
            case ios = "total_ios"
            case bytes = "io_bytes"
            case milliseconds = "runtime"
        }
    }

    struct Job: Decodable {
        let error: Int
        let read: Direction
        let write: Direction
    }

    let jobs: [Job]
}

extension BlockOutcome {
    /// Reads fio's JSON; fio may have printed lines before it.
    ///
    /// - Throws: `rigFailed` where there is no report, or one of an error or of nothing done.
    init(fio output: String) throws(RigError) {
        let text = output[(output.firstIndex(of: "{") ?? output.endIndex)...]
        guard let report = try? JSONDecoder().decode(FioReport.self, from: Data(text.utf8)),
            let job = report.jobs.first
        else { throw .rigFailed("fio gives no report: \(output.suffix(300))") }
        guard job.error == 0 else { throw .rigFailed("fio's job failed with error \(job.error)") }
        let done = job.read.ios > 0 ? job.read : job.write
        guard done.ios > 0, done.milliseconds > 0 else { throw .rigFailed("fio did nothing") }
        self.init(
            requests: done.ios, bytes: done.bytes, seconds: Double(done.milliseconds) / 1000)
    }

    /// Reads the guest's `requests=N bytes=N nanoseconds=N errors=N`, the last line of its answer.
    ///
    /// - Throws: `rigFailed` where there is no such line, or one of an error or of nothing done.
    init(guest output: String) throws(RigError) {
        let line = output.split(whereSeparator: \.isNewline).last ?? ""
        var numbers: [String: Int] = [:]
        for word in line.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[1]) else { continue }
            numbers[String(parts[0])] = number
        }
        guard let requests = numbers["requests"], let bytes = numbers["bytes"],
            let nanoseconds = numbers["nanoseconds"], let errors = numbers["errors"]
        else { throw .rigFailed("the guest gives no report: \(output.suffix(300))") }
        guard errors == 0 else { throw .rigFailed("the guest had \(errors) errors") }
        guard requests > 0, nanoseconds > 0 else { throw .rigFailed("the guest did nothing") }
        self.init(requests: requests, bytes: bytes, seconds: Double(nanoseconds) / 1e9)
    }
}
