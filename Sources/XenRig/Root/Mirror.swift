// Which Debian mirror the root image is made from: one that the user names, else the machine's.

import Foundation
import RigTools

enum Mirror {
    /// - Parameter explicit: what `--mirror` said; without it `APUS_MIRROR` counts.
    static func chosen(explicit: String?) async throws(RigError) -> String {
        let environment = ProcessInfo.processInfo.environment
        if let named = explicit ?? environment["APUS_MIRROR"], !named.isEmpty { return named }
        if let configured = configured(in: URL(fileURLWithPath: "/etc/apt")) { return configured }
        throw .mirrorFailed(
            "this machine's apt names no Debian mirror; name one with --mirror URL or APUS_MIRROR")
    }

    /// The first Debian source of the configuration in `directory` (/etc/apt).
    static func configured(in directory: URL) -> String? {
        let parts = directory.appending(path: "sources.list.d")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parts.path)) ?? []
        let files =
            [directory.appending(path: "sources.list")]
            + names.sorted().map { parts.appending(path: $0) }
        let sources = files.flatMap { file -> [AptSource] in
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
            return file.pathExtension == "sources"
                ? AptSources.parseStanzas(text) : AptSources.parseLines(text)
        }
        guard let uri = sources.first(where: \.isDebian)?.uri else { return nil }
        return resolved(uri)
    }

    /// Cloud images name a file that lists mirrors; its first line serves.
    private static func resolved(_ uri: String) -> String? {
        let prefix = "mirror+file:"
        guard uri.hasPrefix(prefix) else { return uri }
        let path = "/" + uri.dropFirst(prefix.count).drop { $0 == "/" }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
