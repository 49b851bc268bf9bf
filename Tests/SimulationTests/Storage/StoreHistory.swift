// What a store was asked for, in its order, and which of it must be there after a power cut.

/// The commits of one opening: after a cut, the disk holds the first so many of them.
struct StoreHistory {
    typealias Contents = [[UInt8]: [UInt8]]
    typealias Change = (key: [UInt8], value: [UInt8]?)

    private enum Fate {
        case pending
        /// The store said that it was not done, and why is no failure of the device.
        case refused
        /// The device failed: it is there after the next opening, or it is not, unless something
        /// was acknowledged since, which settles that it is not.
        case failed
        case buffered
        case durable
    }

    /// What was there at first, for certain.
    private(set) var base: Contents
    private var commits: [(changes: [Change], fate: Fate)] = []

    init(base: Contents = [:]) { self.base = base }

    /// Notes a commit at the moment at which it is asked for.
    mutating func begin(_ changes: [Change]) -> Int {
        commits.append((changes, .pending))
        return commits.count - 1
    }

    mutating func acknowledge(_ index: Int, isDurable: Bool) {
        commits[index].fate = isDurable ? .durable : .buffered
    }

    mutating func refuse(_ index: Int) { commits[index].fate = .refused }

    mutating func fail(_ index: Int) { commits[index].fate = .failed }

    func isAcknowledged(_ index: Int) -> Bool {
        commits[index].fate == .buffered || commits[index].fate == .durable
    }

    /// These are durable now.
    mutating func flushed(_ indexes: [Int]) {
        for index in indexes { commits[index].fate = .durable }
    }

    /// The states that a reader may see now: with what was acknowledged, and so many of those that
    /// wait for their acknowledgement. Where the device fails, each of these may have failed, and
    /// nobody has heard of it yet.
    func states(mayFail: Bool) -> [Contents] {
        let sure = (commits.indices.last { isAcknowledged($0) } ?? -1) + 1
        var contents = base
        for commit in commits[..<sure] where commit.fate != .refused && commit.fate != .failed {
            Self.apply(commit.changes, to: &contents)
        }
        var states = [contents]
        for commit in commits[sure...] where commit.fate == .pending {
            var further = mayFail ? states : [states[states.count - 1]]
            for index in further.indices { Self.apply(commit.changes, to: &further[index]) }
            states += further
        }
        return states
    }

    /// Whether a commit that has not been heard of came before one that was acknowledged: where the
    /// device fails, it may have failed.
    var isAmbiguous: Bool {
        let sure = (commits.indices.last { isAcknowledged($0) } ?? -1) + 1
        return commits[..<sure].contains { $0.fate == .pending }
    }

    /// The values that a reader of one key may see now.
    func values(of key: [UInt8], mayFail: Bool) -> [[UInt8]?] {
        states(mayFail: mayFail).map { $0[key] }
    }

    var count: Int { commits.count }

    /// What is there when the store was closed in good order, or what a reader sees.
    var acknowledged: Contents {
        var contents = base
        for commit in commits where commit.fate == .buffered || commit.fate == .durable {
            Self.apply(commit.changes, to: &contents)
        }
        return contents
    }

    /// What is wrong with what was found after a cut; nil if nothing is.
    func fault(in found: Contents) -> String? {
        let sure = (commits.lastIndex { $0.fate == .durable } ?? -1) + 1
        var contents = base
        for commit in commits[..<sure] where commit.fate != .refused && commit.fate != .failed {
            Self.apply(commit.changes, to: &contents)
        }
        if contents == found { return nil }
        let least = contents
        // Those that failed since the last that did not: some of them, in one frame, may be there.
        var failed: [[Change]] = []
        for commit in commits[sure...] where commit.fate != .refused {
            if commit.fate == .failed {
                failed.append(commit.changes)
            } else {
                failed = []
                Self.apply(commit.changes, to: &contents)
            }
            for start in 0...failed.count {
                var possible = contents
                for changes in failed[start...] { Self.apply(changes, to: &possible) }
                if possible == found { return nil }
            }
        }
        let lost = least.filter { found[$0.key] == nil }.count
        let other = found.filter { least[$0.key] != nil && least[$0.key] != $0.value }.count
        let more = found.filter { least[$0.key] == nil }.count
        return "no prefix of the commits: against the \(sure) durable of \(commits.count), "
            + "\(lost) keys lost, \(other) with another value, \(more) more"
    }

    private static func apply(_ changes: [Change], to contents: inout Contents) {
        for change in changes { contents[change.key] = change.value }
    }
}
