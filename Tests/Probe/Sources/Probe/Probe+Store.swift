// XenStore: many requests at once, many watches, and a rival who writes the same key.

import Apus

extension Probe {
    /// As many requests as the argument says, half of them writes, by 32 tasks.
    static func useStore() async {
        let store = Guest.xenStore
        let rounds = (number(at: 1) + 63) / 64
        let failures = await withTaskGroup(of: String?.self, returning: [String].self) { group in
            for worker in 0..<32 {
                group.addTask { await work(worker, rounds, store) }
            }
            return await group.reduce(into: []) { if let failure = $1 { $0.append(failure) } }
        }
        require(failures.isEmpty, failures.first ?? "")
        await expect("removal") { () async throws(XenStoreError) in
            try await store.remove("data/probe")
            require(try await store.readIfPresent("data/probe/0") == nil, "a key outlived removal")
        }
        require(store.statistics.requestsInFlight == 0, "requests are left over")
        print("store: \(rounds * 64) requests done")
    }

    private static func work(
        _ worker: Int, _ rounds: Int, _ store: XenStoreClient
    ) async -> String? {
        do throws(XenStoreError) {
            for round in 0..<rounds {
                let value = "\(worker) \(round)"
                try await store.write("data/probe/\(worker)", value)
                let answer = try await store.read("data/probe/\(worker)")
                if answer != value { return "read \(answer) where \(value) was written" }
            }
            return nil
        } catch {
            return "request refused: \(error)"
        }
    }

    /// As many watches as the argument says, 50 at a time (the OCaml store allows a domain 100),
    /// each of which sees its own key change. Whoever counts the store's watches says when to go
    /// on.
    static func makeWatches() async {
        let store = Guest.xenStore
        var lines = consoleLines.makeAsyncIterator()
        // The guest's own services set theirs meanwhile.
        try? await Task.sleep(for: .seconds(1))
        let before = store.statistics.watches
        print("watches: \(before) before")
        _ = await lines.next()
        for round in 0..<(number(at: 1) / 50) {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        await watchOnce("data/probe/w\(number)", "\(round)", store)
                    }
                }
            }
        }
        await expect("removal") { () async throws(XenStoreError) in
            try await store.remove("data/probe")
        }
        let after = store.statistics.watches
        require(after == before, "\(after) watches, where \(before) were before")
        print("watches: \(after) after")
        _ = await lines.next()
    }

    private static func watchOnce(_ path: String, _ value: String, _ store: XenStoreClient) async {
        await expect("watch of \(path)") { () async throws(XenStoreError) in
            let watch = try await store.watch(path)
            var events = watch.makeAsyncIterator()
            // The store fires once at the start.
            var event = await events.next()
            require(event == path, "the first event is \(event ?? "none")")
            try await store.write(path, value)
            event = await events.next()
            require(event == path, "the second event is \(event ?? "none")")
        }
    }

    /// Counts up a key that dom0 writes all the time, until dom0 says "stop" in another.
    static func outdoRival() async {
        let store = Guest.xenStore
        await expect("start") { () async throws(XenStoreError) in
            try await store.write("data/shared", "0 0")
            print("rival: ready")
        }
        var turns = 0
        var attempts = 0
        while true {
            let isOver = await turn(store, turns, &attempts)
            if isOver { break }
            turns += 1
        }
        print("rival: \(turns) turns, \(attempts) attempts")
    }

    /// Keeps the rival's number, the first, and counts up its own, the second.
    private static func turn(
        _ store: XenStoreClient, _ turns: Int, _ attempts: inout Int
    ) async -> Bool {
        var isOver = false
        nonisolated(unsafe) var count = 0
        await expect("transaction") { () async throws(XenStoreError) in
            try await store.transaction { transaction async throws(XenStoreError) in
                count += 1
                let words = try await transaction.read("data/shared").split(separator: " ")
                let own = words.count == 2 ? Int(words[1]) ?? -1 : turns
                require(own == turns, "turn \(turns) finds the count of turn \(own)")
                try await transaction.write("data/shared", "\(words[0]) \(turns + 1)")
            }
            isOver = try await store.readIfPresent("data/stop") != nil
        }
        attempts += count
        return isOver
    }

    /// Ends with the store's error where there is one.
    static func expect(
        _ what: String, _ body: () async throws(XenStoreError) -> Void
    ) async {
        do throws(XenStoreError) {
            try await body()
        } catch {
            require(false, "\(what): \(error)")
        }
    }
}
