// One header block of an archive.
//
//     name 0..100, mode 100..108, uid 108..116, gid 116..124, size 124..136, mtime 136..148,
//     checksum 148..156, type 156, link's target 157..257, magic 257..263, version 263..265,
//     owner 265..297, group 297..329, device 329..345, prefix 345..500
//
// Source: POSIX.1-2017, pax, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format".

/// The fields of a header, as they are: names are not yet paths.
struct TarHeader: Equatable {
    static let byteCount = 512

    enum Reading: Equatable {
        case header(TarHeader)
        /// All zeros: two of these end the archive.
        case zeros
        case wrongChecksum
        case malformed
    }

    var name: [UInt8]
    var size: UInt64
    /// Seconds since 1970.
    var modificationTime: Int64
    var type: UInt8
    var target: [UInt8]

    static func read(_ block: ArraySlice<UInt8>) -> Reading {
        guard block.count >= byteCount else { return .malformed }
        let bytes = Array(block.prefix(byteCount))
        if !bytes.contains(where: { $0 != 0 }) { return .zeros }
        guard let checksum = number(bytes[148..<156]), checksum >= 0,
            isChecksum(checksum, of: bytes)
        else { return .wrongChecksum }
        guard let size = number(bytes[124..<136]), size >= 0,
            let time = number(bytes[136..<148])
        else { return .malformed }
        var name = text(bytes[0..<100])
        // GNU's magic is followed by other fields than a prefix.
        if Array(bytes[257..<263]) == Array("ustar\0".utf8) {
            let prefix = text(bytes[345..<500])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        return .header(
            TarHeader(
                name: name, size: UInt64(size), modificationTime: time, type: bytes[156],
                target: text(bytes[157..<257])))
    }

    /// The sum of the bytes with the checksum's own taken for spaces. Old programs took the bytes
    /// for signed ones.
    private static func isChecksum(_ checksum: Int64, of bytes: [UInt8]) -> Bool {
        var (unsigned, signed): (Int64, Int64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            let value = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(value)
            signed += Int64(Int8(bitPattern: value))
        }
        return checksum == unsigned || checksum == signed
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// Octal digits between spaces and zeros; or, where the first bit is set, GNU's big-endian
    /// binary. Nil when it is neither or does not fit into 63 bits.
    static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 { return binary(field, isNegative: first & 0x40 != 0) }
        let digits = field.drop { $0 == UInt8(ascii: " ") }
            .prefix { $0 != UInt8(ascii: " ") && $0 != 0 }
        var number: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            let (product, overflows) = number.multipliedReportingOverflow(by: 8)
            guard !overflows else { return nil }
            number = product | Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func binary(_ field: ArraySlice<UInt8>, isNegative: Bool) -> Int64? {
        var bytes = Array(field)
        bytes[0] = isNegative ? bytes[0] : bytes[0] & 0x7F
        var number: Int64 = isNegative ? -1 : 0
        for byte in bytes {
            // What is shifted out must be nothing but the sign.
            guard number >> 54 == (isNegative ? -1 : 0) else { return nil }
            number = number << 8 | Int64(byte)
        }
        return number
    }
}

/// The records of an extended header: "LENGTH KEY=VALUE\n".
///
/// Source: POSIX.1-2017, pax, "pax Extended Header".
struct PAXRecords: Equatable {
    var path: [UInt8]?
    var target: [UInt8]?
    var size: UInt64?
    var modificationTime: Int64?
    /// Whether it says that the file is a sparse one.
    var isSparse = false

    /// Takes the records of `bytes` over those before; false when they cannot be read.
    mutating func read(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard digits.count <= 9, let length = Self.decimal(digits), length > digits.count + 1,
                length <= rest.count
            else { return false }
            let record = rest.prefix(Int(length))
            let body = record.dropFirst(digits.count + 1)
            guard body.last == UInt8(ascii: "\n"),
                let equals = body.firstIndex(of: UInt8(ascii: "="))
            else { return false }
            let value = Array(body[(equals + 1)...].dropLast())
            guard take(Array(body[..<equals]), value) else { return false }
            rest = rest.dropFirst(Int(length))
        }
        return true
    }

    /// An empty value takes a record back.
    private mutating func take(_ key: [UInt8], _ value: [UInt8]) -> Bool {
        // Compared as bytes: texts would bring Unicode's tables into the image.
        if key.elementsEqual("path".utf8) {
            path = value.isEmpty ? nil : value
        } else if key.elementsEqual("linkpath".utf8) {
            target = value.isEmpty ? nil : value
        } else if key.elementsEqual("size".utf8) {
            let number = Self.decimal(value[...])
            guard number != nil || value.isEmpty else { return false }
            size = number.map { UInt64($0) }
        } else if key.elementsEqual("mtime".utf8) {
            let isNegative = value.first == UInt8(ascii: "-")
            let whole = value.dropFirst(isNegative ? 1 : 0).prefix { $0 != UInt8(ascii: ".") }
            let number = Self.decimal(whole)
            guard number != nil || value.isEmpty else { return false }
            modificationTime = number.map { isNegative ? -$0 : $0 }
        } else if key.starts(with: "GNU.sparse.".utf8) {
            isSparse = true
        }
        return true
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
