// The machine's own apt configuration, as far as it names a Debian mirror.
//
// Two formats: one line per source, and deb822 stanzas.
// Source: sources.list(5).

import Foundation

/// One "deb" source.
struct AptSource: Equatable, Sendable {
    let uri: String
    let suite: String
    let components: [String]

    /// Whether it is the distribution itself: not security updates, not somebody's own packages.
    var isDebian: Bool {
        guard components.contains("main"), !suite.contains("security") else { return false }
        let path = uri.split(separator: "/").last ?? ""
        return path == "debian" || path == "debian.list"
    }
}

enum AptSources {
    /// The sources of a `*.list` file.
    static func parseLines(_ text: String) -> [AptSource] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = withoutComment(line)
            guard words.first == "deb" else { return nil }
            var rest = words.dropFirst()
            if let option = rest.first, option.hasPrefix("[") {
                guard let end = rest.firstIndex(where: { $0.hasSuffix("]") }) else { return nil }
                rest = rest[(end + 1)...]
            }
            guard rest.count >= 2 else { return nil }
            let fields = Array(rest)
            return AptSource(uri: fields[0], suite: fields[1], components: Array(fields[2...]))
        }
    }

    private static func withoutComment(_ line: Substring) -> [String] {
        line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// The sources of a `*.sources` file (deb822): stanzas apart by empty lines, fields that go on
    /// in indented lines, comments in lines of their own.
    static func parseStanzas(_ text: String) -> [AptSource] {
        var sources: [AptSource] = []
        var fields: [String: [String]] = [:]
        var current = ""
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for line in lines + [""] {
            if line.hasPrefix("#") { continue }
            if line.allSatisfy(\.isWhitespace) {
                sources += expand(fields)
                fields = [:]
            } else if line.first?.isWhitespace == true {
                fields[current, default: []] += words(line)
            } else if let colon = line.firstIndex(of: ":") {
                current = line[..<colon].lowercased()
                fields[current] = words(line[line.index(after: colon)...])
            }
        }
        return sources
    }

    private static func words(_ text: Substring) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func expand(_ fields: [String: [String]]) -> [AptSource] {
        guard fields["types"]?.contains("deb") == true,
            fields["enabled"]?.first?.lowercased() != "no"
        else { return [] }
        return (fields["uris"] ?? []).flatMap { uri in
            (fields["suites"] ?? []).map { suite in
                AptSource(uri: uri, suite: suite, components: fields["components"] ?? [])
            }
        }
    }
}
