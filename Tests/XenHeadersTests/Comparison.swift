// Ours against the distribution's.

import RigTools

/// How one set of headers differs from the set that it is to agree with.
struct Comparison: Equatable {
    /// Names that only we have.
    var unknown: [String]
    /// One line for each name that both have and mean differently.
    var different: [String]
    /// How many answers were the same.
    var sameCount: Int

    init(of ours: Headers, with theirs: Headers, using toolchain: Toolchain) async throws {
        let probe = Probe(try await ours.inventory(with: toolchain))
        let questions = try await probe.unknown(to: theirs, with: toolchain)
        unknown = questions.map(\.name)
        let common = probe.without(questions)
        let mine = try await common.answers(of: ours, with: toolchain)
        let other = try await common.answers(of: theirs, with: toolchain)
        different = common.questions.map(\.name).filter { mine[$0] != other[$0] }.map {
            "\($0): \(mine[$0] ?? "none") here, \(other[$0] ?? "none") in Xen's headers"
        }
        sameCount = common.questions.count - different.count
    }
}
