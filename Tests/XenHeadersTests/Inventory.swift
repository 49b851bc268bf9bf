// Every name that a set of headers declares, found by the compiler: none can be forgotten.

import Foundation

/// The records, types and constants of some C headers.
struct Inventory: Equatable {
    /// A structure or union at file scope.
    struct Record: Hashable {
        /// With its keyword: `struct start_info`.
        let type: String
        /// Its members and theirs, as paths: `console.domU.mfn`.
        let fields: [Field]
    }

    struct Field: Hashable {
        let path: String
        /// An array without a length, which has an offset but no size.
        let isFlexible: Bool
    }

    var records: [Record] = []
    var types: [String] = []
    var constants: [String] = []

    /// What is here and not in `other`.
    func subtracting(_ other: Self) -> Self {
        Self(
            records: records.filter { record in !other.records.contains { $0.type == record.type }
            },
            types: types.filter { !other.types.contains($0) },
            constants: constants.filter { !other.constants.contains($0) })
    }
}

extension Inventory {
    /// Reads `clang -Xclang -fdump-record-layouts-complete`, such as
    ///
    ///              0 | struct start_info
    ///              0 |   char[32] magic
    ///                | [sizeof=1168, align=8]
    static func records(inLayouts text: String) -> [Record] {
        text.components(separatedBy: "*** Dumping AST Record Layout").compactMap { dump in
            let lines = dump.split(separator: "\n").compactMap { line -> Substring? in
                let parts = line.split(separator: "|", maxSplits: 1)
                return parts.count == 2 ? parts[1].dropFirst() : nil
            }
            guard let type = lines.first, !type.contains("(") else { return nil }
            return Record(type: String(type), fields: fields(inLines: lines.dropFirst()))
        }
    }

    private static func fields(inLines lines: ArraySlice<Substring>) -> [Field] {
        var fields: [Field] = []
        var path: [String] = []
        for line in lines where !line.hasPrefix("[") {
            // Two more spaces for each level of nesting.
            let depth = line.prefix { $0 == " " }.count / 2
            let name = line.split(separator: " ").last.map(String.init) ?? ""
            path = path.prefix(depth - 1) + [name]
            // Without a name the line ends in the place that the type has for one.
            if name.hasSuffix(")") {
                path[depth - 1] = ""
            } else {
                let isFlexible = line.dropLast(name.count).hasSuffix("[] ")
                let whole = path.filter { !$0.isEmpty }.joined(separator: ".")
                fields.append(Field(path: whole, isFlexible: isFlexible))
            }
        }
        return fields
    }

    /// Reads `clang -dM -E`: the macros that stand for a value.
    static func constants(inMacros text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, parts[0] == "#define", !parts[1].contains("(") else {
                return nil
            }
            return String(parts[1])
        }
    }

    /// Reads `clang -Xclang -ast-dump=json`: names of the declarations of one kind.
    static func declarations(ofKind kind: String, inTree json: Data) throws -> [String] {
        let tree = try JSONSerialization.jsonObject(with: json)
        var names: [String] = []
        var pending = [tree]
        while let node = pending.popLast() as? [String: Any] {
            if node["kind"] as? String == kind, let name = node["name"] as? String {
                names.append(name)
            }
            pending += node["inner"] as? [Any] ?? []
        }
        return names
    }
}
