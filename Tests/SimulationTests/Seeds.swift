// Many runs of one simulation, each by its seed, and how a failure tells its seed.
//
// APUS_SEEDS=N: N seeds for each simulation instead of the few of an everyday run.
// APUS_SEED=N: that one seed, to look at it.

import Glibc
import Synchronization
import Testing

/// The seeds of a simulation.
enum Seeds {
    /// Runs `body` for each of this many seeds, or for those that the environment says. Stops at
    /// the first seed that throws, or for which `body` has something to say. A run that is as much
    /// as `weight` others gets fewer of what the environment says.
    static func check(
        _ count: Int, weight: UInt64 = 1, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (UInt64) throws -> [String]
    ) {
        guard let failure = failure(among: seeds(default: UInt64(count), weight), body) else {
            return
        }
        Issue.record(Comment(rawValue: failure), sourceLocation: sourceLocation)
    }

    /// What is wrong with the first seed with which something is.
    static func failure(
        among seeds: Range<UInt64>, _ body: (UInt64) throws -> [String]
    ) -> String? {
        let trace = TrapTrace(Test.current?.name ?? "a simulation")
        defer { trace.end() }
        for seed in seeds {
            trace.note(seed)
            let faults: [String]
            do {
                faults = try body(seed)
            } catch {
                faults = ["\(error)"]
            }
            guard faults.isEmpty else {
                let text = "seed \(seed) (repeat it with APUS_SEED=\(seed)): "
                return text + faults.prefix(8).joined(separator: "; ")
            }
        }
        return nil
    }

    private static func seeds(default count: UInt64, _ weight: UInt64) -> Range<UInt64> {
        if let one = number("APUS_SEED") { return one..<(one + 1) }
        return 0..<(number("APUS_SEEDS").map { max(1, $0 / weight) } ?? count)
    }

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}

/// Says, when the process traps, which seeds were under way: a trap ends the process before any
/// test can report.
struct TrapTrace {
    private static let slotCount = 64
    // Unsafe: a slot belongs to one test; a signal handler may read what it likes.
    /// Names, as C strings that live for ever, and seeds, for a signal handler to read.
    nonisolated(unsafe) private static let names = UnsafeMutablePointer<
        UnsafeMutablePointer<CChar>?
    >.allocate(capacity: slotCount)
    nonisolated(unsafe) private static let seeds = UnsafeMutablePointer<UInt64>.allocate(
        capacity: slotCount)
    private static let taken = Mutex<Set<Int>>([])
    private static let installed: Bool = {
        names.initialize(repeating: nil, count: slotCount)
        seeds.initialize(repeating: 0, count: slotCount)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] {
            signal(number) { number in
                TrapTrace.report()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
        return true
    }()

    private let slot: Int?

    init(_ name: String) {
        _ = Self.installed
        slot = Self.taken.withLock { taken in
            let free = (0..<Self.slotCount).first { !taken.contains($0) }
            if let free { taken.insert(free) }
            return free
        }
        if let slot { Self.names[slot] = strdup(name) }
    }

    func note(_ seed: UInt64) {
        if let slot { Self.seeds[slot] = seed }
    }

    func end() {
        guard let slot else { return }
        Self.names[slot] = nil
        Self.taken.withLock { _ = $0.remove(slot) }
    }

    /// In a signal handler: nothing but write(2).
    private static func report() {
        for slot in 0..<slotCount {
            guard let name = names[slot] else { continue }
            put("\ntrap while simulating: ")
            write(STDERR_FILENO, name, strlen(name))
            put(" seed ")
            put(seeds[slot])
            put("\n")
        }
    }

    private static func put(_ text: StaticString) {
        write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func put(_ number: UInt64) {
        if number >= 10 { put(number / 10) }
        var digit = UInt8(ascii: "0") + UInt8(number % 10)
        write(STDERR_FILENO, &digit, 1)
    }
}
