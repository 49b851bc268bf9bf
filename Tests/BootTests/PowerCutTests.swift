// A store on a real disk, whose domain is destroyed at any moment, again and again.

import Testing
import XenRig

extension Boot {
    @Suite struct PowerCuts {
        /// Fewer by QEMU, which has the same file and flushes it in the same way.
        private static func rounds(_ place: DiskPlace) -> Int {
            Thoroughness.rounds(everyday: 4, thorough: place.backend == .blkback ? 50 : 10)
        }

        /// Milliseconds that a domain has in each round, from its creation or from when its store
        /// is open.
        private static func spans(_ count: Int) -> [Int] {
            (0..<count).map { Int.random(in: 0..<($0 % 3 == 0 ? 1500 : 4000)) }
        }

        @Test(arguments: DiskPlace.onXen)
        func `what was durable is there after any end of the domain, and nothing else`(
            place: DiskPlace
        ) async throws {
            try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: place.mode)
                let rounds = Self.rounds(place)
                let path = try await rig.makeDisk(named: "journal", mebibytes: 2)
                var configuration = DomainConfiguration(
                    name: "journal", image: try await Image.probe.file, mode: place.mode,
                    arguments: ["journal"], disks: [place.disk(path)])
                let domain = try rig.prepare(configuration)
                try await Rounds(
                    domain: domain, greeting: "journal: open", steps: Self.steps(rounds),
                    count: rounds
                ).run(on: rig, timeout: .seconds(3600))
                configuration.arguments.append("tasks=0")
                let last = try await rig.start(configuration)
                let end = try await last.waitForEnd()
                Domain.expectSuccess(end)
                let history = JournalHistory(domain.console + end.console)
                #expect(history.faults == [], "\(domain.console.suffix(2000))\(end.console)")
                #expect(history.keptCount > 0)
                print(
                    "\(place.testDescription): \(rounds) cuts, \(history.keptCount) durable "
                        + "puts told, \(history.openingCount) recoveries, "
                        + "\(history.cleanedCount) segments cleaned, nothing lost")
                try await rig.removeDisk(path)
            }
        }

        /// Every third round may end before the store is open.
        private static func steps(_ count: Int) -> String {
            """
            # On a crowded machine xl gives a QEMU up before it is there, and the guest has not run.
            start() {
                for attempt in 1 2 3; do
                    xl create $configuration >/tmp/$name.log 2>&1 && return
                done
                fail "$(cat /tmp/$name.log)"
            }
            opened() { grep -c '^journal: open' $console 2>/dev/null; }
            for span in \(spans(count).map(String.init).joined(separator: " ")); do
                before=$(opened)
                start
                [ $((round % 3)) = 0 ] || greets $((${before:-0} + 1))
                round=$((round + 1))
                usleep $((span * 1000))
                xl destroy $name || fail "it was gone already: $(tail -n 3 $console)"
                gone
            done
            """
        }
    }
}

/// What a journal's domains told, in their order, and what is wrong with it.
struct JournalHistory {
    private(set) var faults: [String] = []
    private(set) var keptCount = 0
    private(set) var openingCount = 0
    private(set) var cleanedCount = 0
    private var lastKept: [Int: Int] = [:]
    private var lastFound: [Int: Int] = [:]

    /// A line that was cut off has the next domain's first line behind it, and is none of these.
    init(_ console: String) {
        var cleaned = 0
        for line in console.split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int($0) }
            if line.hasPrefix("journal: cleaned"), let count = numbers.last {
                cleanedCount += max(0, count - (count < cleaned ? 0 : cleaned))
                cleaned = count
            }
            if line.hasPrefix("journal: open") { openingCount += 1 }
            if line.hasPrefix("journal: made"), keptCount > 0 { faults.append("made anew") }
            if line.hasPrefix("probe: ") { faults.append(String(line)) }
            guard words.count == 3, numbers.count == 2 else { continue }
            take(String(words[0]), task: numbers[0], step: numbers[1])
        }
    }

    private mutating func take(_ word: String, task: Int, step: Int) {
        switch word {
        case "kept":
            keptCount += 1
            if step <= lastFound[task, default: 0] {
                faults.append("task \(task) did \(step) twice")
            }
            lastKept[task] = max(lastKept[task, default: 0], step)
        case "recovered":
            let kept = lastKept[task, default: 0]
            if step < kept { faults.append("task \(task): \(kept) was kept, \(step) is there") }
            lastFound[task] = step
        default: break
        }
    }
}
