import Testing

@testable import XenStore

struct PartialListTests {
    private func part(
        _ generation: UInt64, _ names: [String], isLast: Bool = false
    ) -> ReplyPayload.Part {
        .init(
            generation: generation, names: names,
            byteCount: names.reduce(0) { $0 + $1.utf8.count + 1 }, isLast: isLast)
    }

    @Test func `Parts make a list`() throws {
        var list = PartialList()
        #expect(try !list.append(part(1, ["a", "bc"])))
        #expect(list.byteCount == 5)
        #expect(try list.append(part(1, ["d"], isLast: true)))
        #expect(list.names == ["a", "bc", "d"])
    }

    @Test func `A list that changed is read from its start`() throws {
        var list = PartialList()
        #expect(try !list.append(part(1, ["a"])))
        #expect(try !list.append(part(2, ["b"], isLast: true)))
        #expect(list.byteCount == 0)
        #expect(try !list.append(part(2, ["x"])))
        #expect(try list.append(part(2, ["y"], isLast: true)))
        #expect(list.names == ["x", "y"])
    }

    @Test func `A list that never stops changing is given up`() {
        var list = PartialList()
        #expect(throws: XenStoreError.refused(.tooBig)) {
            for generation in 0..<UInt64(1000) { _ = try list.append(part(generation, ["a"])) }
        }
    }

    @Test func `A list that never ends is given up`() {
        var list = PartialList()
        let names = [String](repeating: String(repeating: "n", count: 99), count: 40)
        #expect(throws: XenStoreError.refused(.tooBig)) {
            for _ in 0..<1000 { _ = try list.append(part(1, names)) }
        }
        #expect(list.byteCount <= PartialList.byteLimit + 4096)
    }
}
