// Volumes from archives that the real tar made.

import BlockDevices
import Foundation
import ModelDisks
import RigTools
import Storage
import Testing

@Suite struct TarVolumeTests {
    typealias Volume = TarVolume<CachingDisk>

    /// A tree with everything that a volume serves.
    static func makeTree(in root: URL) throws -> (files: [String: [UInt8]], tree: URL) {
        let tree = root.appending(path: "tree")
        let long = String(repeating: "n", count: 60)
        let deep = [String](repeating: long, count: 6).joined(separator: "/")
        let files: [String: [UInt8]] = [
            "index.html": Array("<p>hello</p>\n".utf8), "empty": [],
            "sub/block": [UInt8](repeating: 7, count: 512),
            "sub/large": (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 3) },
            "\(long)/a\(long)": [1, 2, 3],  // Over 100 bytes.
            "\(deep)/\(String(repeating: "f", count: 200))": [4, 5, 6],  // Over 255.
            "sub/grüße 日本.txt": Array("utf-8".utf8),
        ]
        for (path, bytes) in files {
            let file = tree.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)],
                ofItemAtPath: file.path)
        }
        for (link, target) in [
            ("sub/up", "../index.html"), ("to-sub", "sub"), ("absolute", "/sub/block"),
            ("circle", "circle"), ("out", "../../etc/passwd"), ("far", long + "/a" + long),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: tree.appending(path: link).path, withDestinationPath: target)
        }
        try FileManager.default.linkItem(
            at: tree.appending(path: "index.html"), to: tree.appending(path: "hard"))
        return (files, tree)
    }

    /// Makes an archive and puts it onto a disk of whole sectors.
    static func disk(
        _ arguments: [String], in tree: URL, sectorByteCount: Int = 512
    ) async throws -> CachingDisk {
        let archive = tree.deletingLastPathComponent().appending(path: "archive.tar")
        let tar = try await Command(
            URL(filePath: "/usr/bin/env"), ["tar", "cf", archive.path, "-C", tree.path] + arguments
        ).run()
        try #require(tar.succeeded, "\(tar.output)")
        var bytes = [UInt8](try Data(contentsOf: archive))
        bytes += [UInt8](repeating: 0, count: (4096 - bytes.count % 4096) % 4096)
        return CachingDisk(TaskLoop(), contents: bytes, sectorByteCount: sectorByteCount)
    }

    static func run<Value: Sendable>(
        _ disk: CachingDisk, limits: TarLimits = TarLimits(),
        _ body: @escaping @Sendable (Volume) async throws(TarError) -> Value
    ) throws -> Value {
        let result: Result<Value, TarError> = disk.loop.run {
            do throws(TarError) {
                return .success(try await body(try await Volume.open(on: disk, limits: limits)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @Test(arguments: ["gnu", "pax", "ustar"], [512, 4096])
    func `every file of the tree is there, byte by byte`(
        format: String, sectorByteCount: Int
    ) async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let (files, tree) = try Self.makeTree(in: directory.root)
        // A ustar name has 255 bytes at most, and a link's target 100.
        let long = String(repeating: "n", count: 60)
        let excluded = format == "ustar" ? ["--exclude=\(long)/\(long)", "--exclude=far"] : []
        let disk = try await Self.disk(
            ["--format=\(format)"] + excluded + ["."], in: tree, sectorByteCount: sectorByteCount)
        try Self.run(disk) { volume async throws(TarError) in
            for (path, bytes) in files where format != "ustar" || path.utf8.count < 256 {
                let file = try volume.file(at: path)
                #expect(file.byteCount == UInt64(bytes.count))
                #expect(file.modificationTime == 1_700_000_000)
                #expect(try await file.readAll() == bytes, "\(path)")
            }
            let large = try volume.file(at: "//sub/./large")
            let buffer = PageBuffer(pageCount: 4)
            for start in [0, 1, 511, 512, 4095, 99_000] as [UInt64] {
                let place = try await large.read(start..<(start + 1000), into: buffer)
                let expected = (start..<(start + 1000)).map { UInt8(truncatingIfNeeded: $0 / 3) }
                #expect(Array(buffer.bytes[place]) == expected)
            }
        }
    }

    @Test func `links are followed within the volume`() async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let (files, tree) = try Self.makeTree(in: directory.root)
        try Self.run(try await Self.disk(["."], in: tree)) { volume async throws(TarError) in
            let index = files["index.html"]
            #expect(try await volume.file(at: "sub/up").readAll() == index)
            #expect(try await volume.file(at: "to-sub/up").readAll() == index)
            #expect(try await volume.file(at: "to-sub/../hard").readAll() == index)
            #expect(try await volume.file(at: "absolute").readAll() == files["sub/block"])
            #expect(try await volume.file(at: "far").readAll() == [1, 2, 3])
            let refused: [(String, TarError)] = [
                ("circle", .tooManyLinks), ("out", .notFound), ("../etc/passwd", .notFound),
                ("none", .notFound), ("sub/none", .notFound), ("sub", .notAFile),
                ("empty/a", .notADirectory),
            ]
            for (path, expected) in refused {
                let error = refusal { () throws(TarError) in _ = try volume.file(at: path) }
                #expect(error == expected, "\(path)")
            }
            let kind = try volume.entry(at: Array("to-sub".utf8)).kind
            #expect(kind == .link(target: Array("sub".utf8)))
        }
    }

    @Test func `a directory lists its names in order`() async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let tree = try Self.makeTree(in: directory.root).tree
        try Self.run(try await Self.disk(["sub"], in: tree)) { volume async throws(TarError) in
            let root = try volume.list()
            #expect(root.map(\.name) == [Array("sub".utf8)] && root[0].kind == .directory)
            let names = try volume.list("/sub/").map { String(decoding: $0.name, as: UTF8.self) }
            #expect(names == ["block", "grüße 日本.txt", "large", "up"])
            #expect(volume.paths.count == 5 && volume.entryCount == 6)
        }
    }

    @Test(arguments: ["gnu", "pax"])
    func `a sparse file is refused`(format: String) async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let tree = directory.appending("tree")
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        let file = tree.appending(path: "sparse")
        try Data([1]).write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 1 << 20)
        try handle.close()
        let disk = try await Self.disk(["--sparse", "--format=\(format)", "sparse"], in: tree)
        let error = #expect(throws: TarError.self) { try Self.run(disk) { _ in } }
        guard case .unsupported(UInt8(ascii: "S"), _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `no more is taken than the limits allow`() async throws {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let tree = try Self.makeTree(in: directory.root).tree
        let disk = try await Self.disk(["."], in: tree)
        var limits = TarLimits()
        limits.entryCount = 5
        #expect(throws: TarError.tooManyEntries) { try Self.run(disk, limits: limits) { _ in } }
        limits = TarLimits()
        limits.totalPathByteCount = 50
        #expect(throws: TarError.tooManyEntries) { try Self.run(disk, limits: limits) { _ in } }
        limits = TarLimits()
        limits.pathByteCount = 10
        let error = #expect(throws: TarError.self) { try Self.run(disk, limits: limits) { _ in } }
        if case .tooLong = error {} else { Issue.record("\(String(describing: error))") }
    }
}

/// What is thrown; nil if nothing is.
func refusal(_ body: () throws(TarError) -> Void) -> TarError? {
    do throws(TarError) {
        try body()
        return nil
    } catch {
        return error
    }
}
