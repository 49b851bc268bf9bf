// Why mmdebstrap did not deliver, in one line.

/// Reads the reason out of mmdebstrap's output: what a user can act on first, then its own words.
struct FetchFailure {
    let error: RigError

    init(_ result: CommandResult, mirror: String) {
        let output = result.output
        let lines = output.split(whereSeparator: \.isNewline).map(String.init)
        if output.contains("No space left on device") || output.contains("not have enough free") {
            error = .cannotStore("the disk is full (packages are unpacked in the cache and /tmp)")
        } else if let line = lines.first(where: Self.speaksOfNetwork) {
            let reason = line.drop(while: { $0 != ":" }).dropFirst().drop(while: { $0 == " " })
            error = .mirrorFailed(
                "the Debian mirror \(mirror) is not reachable (\(reason)); "
                    + "check the network, or name another with --mirror")
        } else if let line = lines.first(where: Self.speaksOfNamespaces) {
            error = .toolFailed(
                "mmdebstrap cannot make a user namespace (\(line)); "
                    + "give this user a range in /etc/subuid and /etc/subgid, or run as root")
        } else {
            let reason = lines.last { $0.hasPrefix("E: ") } ?? result.lastLine
            error = .mirrorFailed("mmdebstrap failed with mirror \(mirror): \(reason)")
        }
    }

    private static func speaksOfNetwork(_ line: String) -> Bool {
        line.contains("Could not resolve") || line.contains("Could not connect")
            || line.contains("Temporary failure resolving") || line.contains("Connection failed")
            || line.contains("Failed to fetch") || line.contains("Unable to connect")
            || line.contains("does not have a Release file")
    }

    private static func speaksOfNamespaces(_ line: String) -> Bool {
        line.contains("newuidmap") || line.contains("subuid") || line.contains("unshare")
    }
}
