import Testing

@testable import XenStore

struct ChangedPathsTests {
    private func paths(_ watched: String, _ changes: [String]) -> [String] {
        var changed = ChangedPaths(watched: Array(watched.utf8))
        for change in changes { changed.insert(Array(change.utf8)) }
        var paths: [String] = []
        while let path = changed.popFirst() { paths.append(String(decoding: path, as: UTF8.self)) }
        return paths
    }

    @Test func `Paths are told once each, in the order of their first change`() {
        #expect(paths("a", ["a/x", "a", "a/y", "a/x", "a"]) == ["a/x", "a", "a/y"])
    }

    @Test func `What is not at or below the watched path counts as that`() {
        #expect(paths("a", ["b", "ab", "/a", "a//b", "", "a b", "a/\u{1}"]) == ["a"])
        #expect(paths("@releaseDomain", ["@releaseDomain"]) == ["@releaseDomain"])
    }

    @Test func `One path too many makes all of them the watched one`() {
        let names = (0..<ChangedPaths.limit).map { "a/\($0)" }
        #expect(paths("a", names) == names)
        #expect(paths("a", names + ["a/more"]) == ["a"])
        #expect(paths("a", names + ["a/more", "a/again", "a"]) == ["a", "a/again"])
    }

    @Test func `A queue keeps its order over both its ends`() {
        var queue = Fifo<Int>()
        for number in 3..<6 { queue.append(number) }
        queue.prepend([1, 2])
        let first = queue.popFirst()
        #expect(first == 1)
        queue.prepend([0, 1])
        queue.append(6)
        queue.removeAll { $0 == 4 }
        #expect(queue.count == 6)
        let rest = (0..<7).map { _ in queue.popFirst() }
        #expect(rest == [0, 1, 2, 3, 5, 6, nil])
        #expect(queue.isEmpty)
    }
}
