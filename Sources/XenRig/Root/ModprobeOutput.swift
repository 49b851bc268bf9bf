// `modprobe --show-depends`: one line per module, "insmod PATH OPTIONS" or "builtin NAME".

enum ModprobeOutput {
    /// The files to load, in order. The path may have spaces, and options may follow it.
    static func paths(in output: String) -> [String] {
        output.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix("insmod ") else { return nil }
            let rest = line.dropFirst("insmod ".count)
            guard let end = rest.range(of: ".ko")?.upperBound else { return nil }
            let packed = rest[end...].hasPrefix(".xz") ? ".xz" : ""
            return rest[..<end] + packed
        }
    }
}
