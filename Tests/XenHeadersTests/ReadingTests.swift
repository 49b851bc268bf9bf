// The compiler's dumps are read as it writes them.

import Foundation
import Testing

@Suite struct ReadingTests {
    @Test func `members of named and nameless members are found`() {
        let records = Inventory.records(
            inLayouts: """
                *** Dumping AST Record Layout
                         0 | struct outer
                         0 |   union outer::(unnamed at a.h:1:2) u
                         0 |     uint32_t pirq
                         8 |   union outer::(anonymous at a.h:1:3)
                         8 |     uint64_t rip
                        16 |   uint8_t[] rest
                           | [sizeof=16, align=8]
                """)
        let names = ["u", "u.pirq", "rip", "rest"]
        #expect(records.map(\.type) == ["struct outer"])
        #expect(records[0].fields.map(\.path) == names)
        #expect(records[0].fields.map(\.isFlexible) == [false, false, false, true])
    }

    @Test func `nameless records are left to those that hold them`() {
        let dump = "*** Dumping AST Record Layout\n  0 | struct a::(unnamed at a.h:1:2)\n"
        #expect(Inventory.records(inLayouts: dump) == [])
    }

    @Test func `macros without a value and those with parameters are no constants`() {
        let text = "#define GUARD_H \n#define TWICE(x) x x\n#define ONE (1)\n"
        #expect(Inventory.constants(inMacros: text) == ["ONE"])
    }

    @Test func `names are found at any depth of the tree`() throws {
        let tree =
            #"{"inner": [{"kind": "A", "name": "a", "inner": [{"kind": "A", "name": "b"}]}]}"#
        let names = try Inventory.declarations(ofKind: "A", inTree: Data(tree.utf8))
        #expect(names.sorted() == ["a", "b"])
    }
}
