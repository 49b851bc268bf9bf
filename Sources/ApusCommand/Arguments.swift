// A command line taken apart: options, words, and what follows `--`.

/// What is wrong with a command line, in one line.
struct UsageError: Error, Equatable {
    let text: String
    init(_ text: String) { self.text = text }
}

/// One subcommand's words. Options may stand before or after the other words.
struct Arguments: Equatable {
    private(set) var words: [String] = []
    private(set) var values: [String: String] = [:]
    private(set) var flags: Set<String> = []
    /// What follows `--`; empty without it.
    private(set) var rest: [String] = []

    /// - Parameters:
    ///   - valued: options that take a value, as `--name value` or `--name=value`.
    ///   - plain: options that take none.
    init(
        _ words: some Sequence<String>, valued: Set<String> = [], plain: Set<String> = []
    ) throws(UsageError) {
        var pending = Array(words)[...]
        while let word = pending.popFirst() {
            if word == "--" {
                rest = Array(pending)
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                self.words.append(word)
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if plain.contains(name), parts.count == 1 {
                flags.insert(name)
            } else if valued.contains(name) {
                guard let value = parts.count == 2 ? String(parts[1]) : pending.popFirst() else {
                    throw UsageError("\(name) needs a value")
                }
                values[name] = value
            } else {
                throw UsageError("unknown option \(word)")
            }
        }
    }

    /// The one word that the subcommand needs.
    func only(_ what: String) throws(UsageError) -> String {
        guard let word = words.first else { throw UsageError("\(what) is missing") }
        if words.count > 1 {
            throw UsageError("unexpected \"\(words[1])\" (the program's arguments follow --)")
        }
        return word
    }

    func none() throws(UsageError) {
        if let word = words.first { throw UsageError("unexpected \"\(word)\"") }
    }

    /// One of a few names.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(UsageError) -> Choice? {
        guard let text = values[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: " or ")
            throw UsageError("\(name) is \(names), not \"\(text)\"")
        }
        return choice
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                "\(name) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
