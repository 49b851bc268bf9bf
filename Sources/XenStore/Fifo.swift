// A queue that gives things in the order they came.

/// First in, first out; each step takes constant time in the long run.
struct Fifo<Element> {
    private var incoming: [Element] = []
    // In reverse: the next one is the last.
    private var outgoing: [Element] = []

    init() {}

    var count: Int { incoming.count + outgoing.count }
    var isEmpty: Bool { incoming.isEmpty && outgoing.isEmpty }

    mutating func append(_ element: Element) { incoming.append(element) }

    /// Puts elements, the first of them first, in front of all others.
    mutating func prepend(_ elements: [Element]) {
        outgoing.append(contentsOf: elements.reversed())
    }

    mutating func popFirst() -> Element? {
        if outgoing.isEmpty {
            outgoing = incoming.reversed()
            incoming.removeAll(keepingCapacity: true)
        }
        return outgoing.popLast()
    }

    /// Takes out what is no longer wanted.
    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        incoming.removeAll(where: isUnwanted)
        outgoing.removeAll(where: isUnwanted)
    }
}
