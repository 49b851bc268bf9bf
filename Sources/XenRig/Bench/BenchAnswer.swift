// The lines in which a domain under measurement takes orders and answers them, on its console.
//
// In: "N ORDER". Out: "bench: begin N", the order's output, "bench: end N STATUS". "bench: ready"
// says that it takes orders. Both sides speak so: a Linux by PeerScripts, ours by Tests/Benchmarks.

/// What a domain printed for one order.
struct BenchAnswer: Equatable {
    static let ready = "bench: ready\n"

    let output: String
    let status: Int

    static func ending(_ id: Int) -> String { "bench: end \(id) " }

    /// The answer to order `id`, once all of it is on the console.
    init?(to id: Int, in console: String) {
        guard let begin = console.range(of: "bench: begin \(id)\n", options: .backwards),
            let end = console.range(
                of: Self.ending(id), options: .backwards, range: begin.upperBound..<console.endIndex
            )
        else { return nil }
        let rest = console[end.upperBound...]
        guard let lineBreak = rest.firstIndex(of: "\n"), let status = Int(rest[..<lineBreak]) else {
            return nil
        }
        output = String(console[begin.upperBound..<end.lowerBound])
        self.status = status
    }
}
