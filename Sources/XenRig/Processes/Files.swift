// File operations that say in one line what could not be done, and why.

import Foundation

enum Files {
    static func makeDirectory(_ directory: URL) throws(RigError) {
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
        } catch {
            throw .cannotStore("cannot make \(directory.path): \(reason(error))")
        }
    }

    static func write(_ text: String, to file: URL, executable: Bool = false) throws(RigError) {
        try write(Data(text.utf8), to: file)
        if executable { chmod(file.path, 0o755) }
    }

    static func write(_ bytes: Data, to file: URL) throws(RigError) {
        do {
            try bytes.write(to: file)
        } catch {
            throw .cannotStore("cannot write \(file.path): \(reason(error))")
        }
    }

    static func copy(_ source: URL, to destination: URL) throws(RigError) {
        do {
            try FileManager.default.copyItem(at: source, to: destination)
        } catch {
            throw .cannotStore("cannot copy \(source.path): \(reason(error))")
        }
    }

    /// Moves within one file system: the destination is either whole or absent.
    static func rename(_ source: URL, to destination: URL) throws(RigError) {
        guard Glibc.rename(source.path, destination.path) == 0 else {
            throw .cannotStore("cannot write \(destination.path): \(Errno.current)")
        }
    }

    /// Removes a file or a tree, if it is there.
    static func remove(_ file: URL) { try? FileManager.default.removeItem(at: file) }

    static func exists(_ file: URL) -> Bool { access(file.path, F_OK) == 0 }

    /// Its length in bytes; 0 if there is none.
    static func size(_ file: URL) -> Int {
        var status = stat()
        return stat(file.path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The whole text of a file; nil if there is none.
    static func read(_ file: URL) -> String? {
        guard let bytes = FileManager.default.contents(atPath: file.path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Bytes that an ordinary user may still write to the file system of `directory`.
    static func freeBytes(at directory: URL) -> UInt64? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Foundation wraps the errno twice and says it at length; the innermost is the reason.
    private static func reason(_ error: any Error) -> String {
        var inner = error as NSError
        while let next = inner.userInfo[NSUnderlyingErrorKey] as? NSError { inner = next }
        if inner.domain == NSPOSIXErrorDomain { return Errno(Int32(inner.code)).description }
        return inner.localizedDescription
    }
}
