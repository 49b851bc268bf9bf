// Why mmdebstrap did not deliver, in one line.

import RigTools

/// Reads the reason out of mmdebstrap's output: what a user can act on first, then its own words.
struct FetchFailure {
    let error: RigError

    init(_ result: CommandResult, mirror: String) {
        let output = result.errors
        let lines = output.split(whereSeparator: \.isNewline).map(String.init)
        if output.contains("No space left on device") || output.contains("enough free space") {
            error = .cannotStore("the disk is full (packages are unpacked in the cache or in /tmp)")
        } else if let reason = Self.fetchReason(lines) {
            error = .mirrorFailed(
                "the Debian mirror \(mirror) does not deliver: \(reason); "
                    + "check the network, or name another with --mirror")
        } else if lines.contains(where: { $0.contains("Malformed entry") }) {
            error = .mirrorFailed("\"\(mirror)\" is not the URL of a Debian mirror")
        } else if let line = lines.first(where: Self.speaksOfNamespaces) {
            error = .toolFailed(
                "mmdebstrap cannot make a user namespace (\(line)); "
                    + "give this user a range in /etc/subuid and /etc/subgid, or run as root")
        } else {
            let reason = lines.first { $0.hasPrefix("E: ") } ?? result.lastLine
            error = .mirrorFailed("mmdebstrap failed with mirror \(mirror): \(reason)")
        }
    }

    /// apt says "E: Failed to fetch URL  REASON".
    private static func fetchReason(_ lines: [String]) -> String? {
        let mark = "Failed to fetch "
        for line in lines {
            guard let end = line.range(of: mark)?.upperBound else { continue }
            let words = line[end...].split(separator: " ").dropFirst()
            return words.joined(separator: " ")
        }
        return nil
    }

    private static func speaksOfNamespaces(_ line: String) -> Bool {
        line.hasPrefix("E: ")
            && ["newuidmap", "subuid", "unshare", "namespace"].contains { line.contains($0) }
    }
}
