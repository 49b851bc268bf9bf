// What the store's programs say.

enum StoreOutput {
    /// Whether a refusal is for want of the node. Each program has words of its own for it.
    static func isMissing(_ output: String) -> Bool {
        let words = [
            "couldn't read path", "could not list path", "could not remove path",
            "No such file or directory",
        ]
        return words.contains { output.contains($0) }
    }

    /// `xenstore-ls -f`: lines of `PATH = "VALUE"`, the value with escapes, so on one line.
    static func tree(in output: String) -> [String: String] {
        var nodes: [String: String] = [:]
        for line in output.split(whereSeparator: \.isNewline) {
            guard let mark = line.range(of: " = \""), line.hasSuffix("\"") else { continue }
            nodes[String(line[..<mark.lowerBound])] = String(line[mark.upperBound...].dropLast())
        }
        return nodes
    }

    /// `xenstore-control quota N` of the store in C: a line `watches : COUNT (max COUNT)`.
    static func watchCount(inQuota output: String) -> Int? {
        for line in output.split(whereSeparator: \.isNewline) where line.hasPrefix("watches") {
            let words = line.split { $0 == " " || $0 == ":" || $0 == "\t" }
            return words.count >= 2 ? Int(words[1]) : nil
        }
        return nil
    }

    /// `xenstore-control watches` of the store in OCaml: a line `watch DN: PATH TOKEN` for each
    /// watch of domain N, `watch AN: ...` for those of dom0's programs.
    static func watchCount(of domain: Int, inWatches output: String) -> Int? {
        output.split(whereSeparator: \.isNewline).count { $0.hasPrefix("watch D\(domain): ") }
    }
}
