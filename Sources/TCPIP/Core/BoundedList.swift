// A list that never grows beyond what it was made for.

/// Up to `capacity` elements, whose memory is taken once.
struct BoundedList<Element>: ~Copyable {
    private let storage: UnsafeMutablePointer<Element>
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        storage = .allocate(capacity: capacity)
    }

    deinit {
        storage.deinitialize(count: count)
        storage.deallocate()
    }

    @inline(__always)
    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == capacity }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "no such element")
            return storage[index]
        }
        nonmutating _modify {
            precondition(index >= 0 && index < count, "no such element")
            yield &storage[index]
        }
    }

    /// False when there is no room.
    @discardableResult
    mutating func append(_ element: Element) -> Bool {
        guard count < capacity else { return false }
        (storage + count).initialize(to: element)
        count += 1
        return true
    }

    /// False when there is no room.
    @discardableResult
    mutating func insert(_ element: Element, at index: Int) -> Bool {
        precondition(index >= 0 && index <= count, "no such place")
        guard count < capacity else { return false }
        (storage + index + 1).moveInitialize(from: storage + index, count: count - index)
        (storage + index).initialize(to: element)
        count += 1
        return true
    }

    @discardableResult
    mutating func remove(at index: Int) -> Element {
        precondition(index >= 0 && index < count, "no such element")
        let element = (storage + index).move()
        (storage + index).moveInitialize(from: storage + index + 1, count: count - index - 1)
        count -= 1
        return element
    }

    /// Keeps the others' order.
    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        var index = 0
        while index < count {
            if isUnwanted(storage[index]) { remove(at: index) } else { index += 1 }
        }
    }

    @inline(__always)
    func firstIndex(where matches: (Element) -> Bool) -> Int? {
        var index = 0
        while index < count {
            if matches(storage[index]) { return index }
            index &+= 1
        }
        return nil
    }

    var elements: [Element] { (0..<count).map { storage[$0] } }
}
