// Streams and continuations: values handed from task to task.

import Apus

extension Probe {
    static func streams() async {
        await passThrough()
        await bufferNewest()
        await endByCancellation()
        await resumeLater()
    }

    private static func passThrough() async {
        let (numbers, feed) = AsyncStream.makeStream(of: Int.self)
        let producer = Task {
            for number in 1...1000 {
                feed.yield(number)
                if number % 10 == 0 { await Task.yield() }
            }
            feed.finish()
        }
        var (sum, last) = (0, 0)
        for await number in numbers {
            require(number == last + 1, "stream: \(number) came after \(last)")
            last = number
            sum += number
        }
        await producer.value
        require(sum == 500_500, "stream: the sum is \(sum)")
        print("streams")
    }

    private static func bufferNewest() async {
        let (numbers, feed) = AsyncStream.makeStream(
            of: Int.self, bufferingPolicy: .bufferingNewest(3))
        for number in 1...10 { feed.yield(number) }
        feed.finish()
        var kept: [Int] = []
        for await number in numbers { kept.append(number) }
        require(kept == [8, 9, 10], "stream: \(kept.count) of the newest 3 were kept")
        print("buffers")
    }

    private static func endByCancellation() async {
        let (numbers, feed) = AsyncStream.makeStream(of: Int.self)
        let (endings, ended) = AsyncStream.makeStream(of: Bool.self)
        feed.onTermination = { _ in ended.yield(true) }
        let consumer = Task {
            var count = 0
            for await _ in numbers { count += 1 }
            return count
        }
        feed.yield(1)
        try? await Task.sleep(for: .milliseconds(5))
        consumer.cancel()
        let count = await consumer.value
        require(count == 1, "stream: a cancelled consumer took \(count) values")
        var iterator = endings.makeAsyncIterator()
        let told = await iterator.next()
        require(told == true, "stream: onTermination was not called")
        print("cancelled streams")
    }

    private static func resumeLater() async {
        let answer = await withCheckedContinuation { (waiting: CheckedContinuation<Int, Never>) in
            Task {
                try? await Task.sleep(for: .milliseconds(5))
                waiting.resume(returning: 42)
            }
        }
        require(answer == 42, "continuation: resumed with \(answer)")
        let handled = await withTaskCancellationHandler {
            await withUnsafeContinuation { (waiting: UnsafeContinuation<Bool, Never>) in
                waiting.resume(returning: true)
            }
        } onCancel: {
        }
        require(handled, "continuation: the wrong answer at once")
        print("continuations")
    }
}
