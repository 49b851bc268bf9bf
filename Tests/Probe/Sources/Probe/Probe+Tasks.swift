// Structured and unstructured tasks, actors, cancellation, priorities, deadlines.

import Apus

extension Probe {
    static func tasks() async {
        await runChildren()
        await runActors()
        await runPriorities()
        await cancelSleeps()
        await useDeadlines()
        await runThousands()
    }

    private static func square(_ number: Int) async -> Int {
        await Task.yield()
        return number * number
    }

    private static func runChildren() async {
        async let three = square(3)
        async let four = square(4)
        let sum = await three + four
        require(sum == 25, "async let: 9 + 16 is not \(sum)")

        let total = await withTaskGroup(of: Int.self, returning: Int.self) { group in
            for number in 1...1000 { group.addTask { await square(number) } }
            var total = 0
            for await one in group { total += one }
            return total
        }
        require(total == 333_833_500, "task group: the sum of squares is not \(total)")

        let discarded = Counter()
        await withDiscardingTaskGroup { group in
            for _ in 0..<100 { group.addTask { await discarded.add(1) } }
        }
        let ended = await discarded.count
        require(ended == 100, "discarding group: \(ended) of 100 children ended before it")
        print("children")
    }

    private actor Counter {
        var count = 0
        func add(_ number: Int) { count += number }

        /// Lets others in between: what it read before may be old.
        func addReentrantly() async -> Bool {
            let before = count
            await Task.yield()
            defer { count += 1 }
            return count != before
        }
    }

    private static func runActors() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask { for _ in 0..<100 { await counter.add(1) } }
            }
        }
        let count = await counter.count
        require(count == 10_000, "actor: 10000 additions make \(count)")

        let interleaved = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for _ in 0..<10 { group.addTask { await counter.addReentrantly() } }
            var interleaved = 0
            for await one in group where one { interleaved += 1 }
            return interleaved
        }
        require(interleaved > 0, "actor: nobody came in during an await")
        print("actors")
    }

    private static func runPriorities() async {
        let order = Log()
        let low = Task(priority: .background) { await order.append("background") }
        let medium = Task(priority: .medium) { await order.append("medium") }
        let high = Task(priority: .high) { await order.append("high") }
        // Awaiting the last does not raise the others, as awaiting them would.
        try? await Task.sleep(for: .milliseconds(20))
        for task in [low, medium, high] { await task.value }
        let names = await order.names
        require(
            names == ["high", "medium", "background"],
            "priorities: the order was \(names.joined(separator: ", "))")
        print("priorities")
    }

    private actor Log {
        var names: [String] = []
        func append(_ name: String) { names.append(name) }
    }

    private static func cancelSleeps() async {
        let clock = ContinuousClock()
        let start = clock.now
        let sleeper = Task { () -> Bool in
            do throws(CancellationError) {
                try await Task.sleep(for: .seconds(3600))
                return false
            } catch {
                return Task.isCancelled
            }
        }
        try? await Task.sleep(for: .milliseconds(5))
        sleeper.cancel()
        let threw = await sleeper.value
        require(threw, "a cancelled sleep did not throw")

        // Cancelled before it starts to sleep.
        let late = Task { () -> Bool in
            while !Task.isCancelled { await Task.yield() }
            let check: Bool
            do throws(CancellationError) {
                try Task.checkCancellation()
                check = false
            } catch {
                check = true
            }
            try? await Task.sleep(for: .seconds(3600))
            return check
        }
        late.cancel()
        let checked = await late.value
        require(checked, "checkCancellation did not throw")
        require(clock.now - start < .seconds(60), "a cancelled sleep went on")

        let children = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try? await Task.sleep(for: .seconds(3600))
                    return Task.isCancelled
                }
            }
            group.cancelAll()
            var cancelled = 0
            for await one in group where one { cancelled += 1 }
            return cancelled
        }
        require(children == 10, "cancelAll reached \(children) of 10 children")
        print("cancellation")
    }

    private static func useDeadlines() async {
        let clock = ContinuousClock()
        let quick = try? await withDeadline(clock.now + .seconds(60)) { () async -> Int in
            await square(5)
        }
        require(quick == 25, "withDeadline lost the result of work in time")

        let start = clock.now
        var isExceeded = false
        do throws(DeadlineError<Never>) {
            try await withDeadline(clock.now + .milliseconds(30)) { () async -> Void in
                try? await Task.sleep(for: .seconds(3600))
            }
        } catch {
            if case .exceeded = error { isExceeded = true }
        }
        let elapsed = clock.now - start
        require(isExceeded, "withDeadline returned what came too late")
        require(elapsed >= .milliseconds(30), "the deadline came too early")
        require(elapsed < .seconds(10), "the deadline did not cancel the work")
        print("deadlines")
    }

    private static func runThousands() async {
        let counter = Counter()
        let tasks = (0..<5000).map { number in
            Task {
                await Task.yield()
                await counter.add(number % 2)
            }
        }
        for task in tasks { await task.value }
        let count = await counter.count
        require(count == 2500, "of 5000 tasks \(count * 2) ran")
        print("thousands")
    }
}
