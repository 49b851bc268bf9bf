// Paths in one form: names joined by single slashes, none of them empty, "." or "..".

/// How paths are made comparable.
enum TarPath {
    static let slash = UInt8(ascii: "/")

    /// A path's names, without those that say nothing; nil where `..` leads out of `base`, or a
    /// name has a zero.
    static func names(_ path: [UInt8], from base: [[UInt8]] = []) -> [[UInt8]]? {
        var names = path.first == slash ? [] : base
        for part in path.split(separator: slash) {
            let name = Array(part)
            if name == [UInt8(ascii: ".")] { continue }
            if name == Array("..".utf8) {
                guard !names.isEmpty else { return nil }
                names.removeLast()
            } else {
                guard !name.contains(0) else { return nil }
                names.append(name)
            }
        }
        return names
    }

    static func joined(_ names: some Sequence<[UInt8]>) -> [UInt8] {
        Array(names.joined(separator: [slash]))
    }
}
