// Disks of dom0: made, grown and shrunk, and summed up.

import RigTools

/// A sum over all that a disk holds.
public enum DiskSum: String, Sendable, CaseIterable {
    /// POSIX `cksum`: CRC-32 over the contents and their length, in decimal.
    case cksum
    /// MD5, in hexadecimal: the quickest of the longer ones on the emulated machine.
    case md5 = "md5sum"
    /// SHA-256, in hexadecimal.
    case sha256 = "sha256sum"
}

extension Rig {
    /// Makes an empty disk in dom0's memory and returns its path there. It takes only what is
    /// written to it.
    public func makeDisk(named name: String, mebibytes: Int) async throws(RigError) -> String {
        let path = "/tmp/disks/\(uniqueName("disk-\(name)"))"
        try await inDom0("no disk", "truncate -s \(mebibytes)M \(Quoting.shell(path))")
        return path
    }

    /// Gives a disk's file another size, and tells the loop device that is over it.
    ///
    /// Linux's blkback looks at its device's size when the next request comes, and only then
    /// writes `sectors` anew and its state once more.
    public func resizeDisk(_ path: String, mebibytes: Int) async throws(RigError) {
        let word = Quoting.shell(path)
        try await inDom0(
            "no other size",
            """
            truncate -s \(mebibytes)M \(word) || exit 1
            loop=$(/usr/sbin/losetup -n -O NAME -j \(word)) || exit 1
            [ -z "$loop" ] || losetup -c $loop
            """)
    }

    /// The sum of a disk's contents, as dom0 reads them now.
    public func checksum(
        ofDisk path: String, _ sum: DiskSum = .cksum
    ) async throws(RigError) -> String {
        let output = try await inDom0(
            "no sum", "exec \(sum.rawValue) \(Quoting.shell(path))", timeout: .seconds(600))
        guard let word = output.split(separator: " ").first else {
            throw .rigFailed("\(sum.rawValue) says nothing")
        }
        return String(word)
    }

    /// How much of a disk's file is really there, in bytes: what was written and not discarded.
    public func allocatedBytes(ofDisk path: String) async throws(RigError) -> Int {
        let output = try await inDom0("no size", "stat -c '%b %B' \(Quoting.shell(path))")
        let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard numbers.count == 2 else { throw .rigFailed("no size of \(path): \(output)") }
        return numbers[0] * numbers[1]
    }

    /// Removes a disk that no domain has any more, and with it what it takes of dom0's memory.
    public func removeDisk(_ path: String) async throws(RigError) {
        try await inDom0("no end of a disk", "rm -f \(Quoting.shell(path))")
    }

    @discardableResult
    private func inDom0(
        _ failure: String, _ script: String, timeout: Duration = .seconds(60)
    ) async throws(RigError) -> String {
        let result = try await run(script, timeout: timeout)
        guard result.succeeded else { throw .rigFailed("\(failure): \(result.lastLine)") }
        return result.output
    }
}
