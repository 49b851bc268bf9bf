// The notes by which an image tells Xen how it boots.
//
// Source: System V gABI, "Note Section"; xen-headers/elfnote.h.

extension ELFImage {
    /// The types of the notes that belong to "Xen".
    package func xenNotes() throws(Fault) -> Set<UInt32> {
        var types: Set<UInt32> = []
        for segment in segments where segment.type == Self.noteSegment {
            try collectXenNotes(of: segment, into: &types)
        }
        return types
    }

    /// Notes one after another: name size, description size, type, then both, padded to 4.
    private func collectXenNotes(
        of segment: Segment, into types: inout Set<UInt32>
    ) throws(Fault) {
        let range = try file.range(from: segment.offset, count: segment.byteCount)
        var position = range.lowerBound
        while range.upperBound - position >= 12 {
            let nameCount = Int(try file.word(at: position))
            let descriptionCount = Int(try file.word(at: position + 4))
            let name = try file.range(from: position + 12, count: nameCount)
            if file.bytes[name].elementsEqual("Xen\0".utf8) {
                types.insert(try file.word(at: position + 8))
            }
            position += 12 + (nameCount + 3) / 4 * 4 + (descriptionCount + 3) / 4 * 4
        }
    }
}
