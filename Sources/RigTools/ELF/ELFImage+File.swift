// Reads a file as an image, and says in one line why it is none.

import Foundation

extension ELFImage {
    /// Reads the headers of `file`.
    ///
    /// - Throws: `notFound`, or `wrongImage` with the first thing that is wrong.
    package init(at file: URL) throws(RigError) {
        guard let bytes = FileManager.default.contents(atPath: file.path) else {
            throw .notFound("\(file.path): cannot read this image")
        }
        do throws(Fault) {
            try self.init(Array(bytes))
        } catch {
            throw .wrongImage(path: file.path, reason: "\(error)")
        }
    }
}

extension ELFImage.Fault: CustomStringConvertible {
    /// Goes on a sentence that begins with the file.
    package var description: String {
        switch self {
        case .notELF: "is not an ELF image"
        case .not64Bit: "is not a 64-bit little-endian ELF image"
        case .notX86: "is not an image for x86-64"
        case .truncated: "is truncated: it ends before what it promises"
        case .malformed: "is not an executable: it has no table of segments"
        }
    }
}
