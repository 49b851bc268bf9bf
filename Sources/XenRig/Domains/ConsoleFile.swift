// What a domain printed: a file that grows while it is read.

import Foundation
import RigTools

struct ConsoleFile: Sendable {
    let file: URL

    var byteCount: Int { Files.size(file) }

    /// All of it, with LF for CR LF: Swift takes that pair for one character, so a test that looks
    /// for "text\n" would never find it. The bytes as they came are in the file.
    var text: String {
        guard let bytes = FileManager.default.contents(atPath: file.path) else { return "" }
        guard bytes.contains(0x0d) else { return String(decoding: bytes, as: UTF8.self) }
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte == 0x0a, plain.last == 0x0d { plain.removeLast() }
            plain.append(byte)
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// Whether it ends with a verdict, after which nothing comes. Reads only its end.
    var endsWithVerdict: Bool {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return false }
        let start = max(byteCount - 64, 0)
        guard (try? handle.seek(toOffset: UInt64(start))) != nil,
            let end = try? handle.readToEnd()
        else { return false }
        return Verdict.status(endingConsole: String(decoding: end, as: UTF8.self)) != nil
    }
}
