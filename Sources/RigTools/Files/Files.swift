// File operations that say in one line what could not be done, and why.

import Foundation

package enum Files {
    /// Makes a directory, and those above it.
    package static func makeDirectory(_ directory: URL) throws(RigError) {
        if mkdir(directory.path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, directory.path != "/" else {
            throw .cannotStore("cannot make \(directory.path): \(Errno.current)")
        }
        try makeDirectory(directory.deletingLastPathComponent())
        guard mkdir(directory.path, 0o755) == 0 || errno == EEXIST else {
            throw .cannotStore("cannot make \(directory.path): \(Errno.current)")
        }
    }

    package static func write(_ text: String, to file: URL, executable: Bool = false)
        throws(RigError)
    {
        let descriptor = try create(file, executable ? 0o755 : 0o644)
        defer { close(descriptor) }
        try write(Array(text.utf8)[...], to: descriptor, of: file)
    }

    /// Copies contents and permissions.
    package static func copy(_ source: URL, to destination: URL) throws(RigError) {
        let input = open(source.path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard input >= 0, fstat(input, &status) == 0 else {
            throw .notFound("cannot read \(source.path): \(Errno.current)")
        }
        defer { close(input) }
        let output = try create(destination, status.st_mode & 0o777)
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(input, &buffer, buffer.count)
            guard count >= 0 else {
                throw .notFound("cannot read \(source.path): \(Errno.current)")
            }
            if count == 0 { return }
            try write(buffer[..<count], to: output, of: destination)
        }
    }

    private static func create(_ file: URL, _ permissions: mode_t) throws(RigError) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        let descriptor = open(file.path, flags, permissions)
        guard descriptor >= 0 else {
            throw .cannotStore("cannot write \(file.path): \(Errno.current)")
        }
        return descriptor
    }

    private static func write(
        _ bytes: ArraySlice<UInt8>, to descriptor: Int32, of file: URL
    ) throws(RigError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                throw .cannotStore("cannot write \(file.path): \(Errno.current)")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Moves within one file system: the destination is either whole or absent.
    package static func rename(_ source: URL, to destination: URL) throws(RigError) {
        guard Glibc.rename(source.path, destination.path) == 0 else {
            throw .cannotStore("cannot write \(destination.path): \(Errno.current)")
        }
    }

    /// Removes a file or a tree, if it is there.
    package static func remove(_ file: URL) { try? FileManager.default.removeItem(at: file) }

    package static func exists(_ file: URL) -> Bool { access(file.path, F_OK) == 0 }

    /// Its length in bytes; 0 if there is none.
    package static func size(_ file: URL) -> Int {
        var status = stat()
        return stat(file.path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The whole text of a file; nil if there is none.
    package static func read(_ file: URL) -> String? {
        guard let bytes = FileManager.default.contents(atPath: file.path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Bytes that an ordinary user may still write to the file system of `directory`.
    package static func freeBytes(at directory: URL) -> UInt64? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
