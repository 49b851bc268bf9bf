import Testing

@testable import Memory

@Suite("Size classes")
struct SizeClassTests {
    private let sizes = (0..<SizeClass.count).map { Int(SizeClass(at: $0).byteCount) }

    @Test("Sizes ascend in granules")
    func sizesAscend() {
        #expect(sizes == sizes.sorted())
        #expect(Set(sizes).count == SizeClass.count)
        #expect(sizes.last == SizeClass.largestByteCount)
        #expect(sizes.allSatisfy { $0 % SizeClass.granule == 0 })
    }

    @Test("Every size up to the largest gets the smallest class that holds it")
    func smallestClass() {
        let table = SizeClassTable()
        for byteCount in 0...SizeClass.largestByteCount {
            #expect(sizes[table[byteCount: byteCount]] == sizes.first { $0 >= byteCount })
        }
    }

    @Test("Every size and alignment gets a class whose objects are all aligned")
    func aligned() {
        let table = SizeClassTable()
        for shift in 0...13 {
            let alignment = 1 << shift
            for byteCount in stride(from: 0, through: 5000, by: 7) {
                guard let position = table.position(byteCount: byteCount, alignment: alignment)
                else {
                    #expect(max(byteCount, alignment) > SizeClass.largestByteCount)
                    continue
                }
                #expect(sizes[position] >= byteCount)
                #expect(sizes[position] % alignment == 0)
            }
        }
    }

    @Test("For each class, exactly the multiples of its size start an object")
    func offsets() {
        for position in 0..<SizeClass.count {
            let sizeClass = SizeClass(at: position)
            for offset in UInt(0)..<4096 {
                let size = UInt(sizeClass.byteCount)
                let expected = offset % size == 0 ? UInt16(offset / size) : nil
                #expect(sizeClass.index(atOffset: offset) == expected)
            }
        }
    }
}
