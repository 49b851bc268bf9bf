// What a device is called: its type and its number, which are also its place in the store.

/// A device of this domain, as the toolstack names it: `vbd` 51712, `vif` 0.
public struct DeviceName: Hashable, Sendable {
    /// Bytes that a type may have.
    static var typeLimit: Int { 32 }

    /// 1 to 32 letters, digits, `-` and `_`; what a driver serves (`vbd`, `vif`).
    public let type: String
    /// Unique within the type. No more is known of it here: a disk's has its major number in it.
    public let number: UInt32

    /// Names a device.
    ///
    /// - Returns: nil unless the type is one.
    public init?(type: String, number: UInt32) {
        guard Self.isType(type) else { return nil }
        self.type = type
        self.number = number
    }

    /// Reads the names of two directories of the store, which may be anything.
    ///
    /// - Returns: nil unless `number` is a canonical decimal of 32 bits: the path is made of it.
    public init?(type: String, parsing number: String) {
        guard let value = Decimal.parse(number.utf8, limit: UInt64(UInt32.max)) else { return nil }
        self.init(type: type, number: UInt32(value))
    }

    /// The device's directory, relative to that of this domain: `device/vbd/51712`.
    public var frontendPath: String { "device/\(type)/\(number)" }

    /// Whether a directory's name may be a type.
    static func isType(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= typeLimit else { return false }
        return text.utf8.allSatisfy(isNameByte)
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}

extension DeviceName: CustomStringConvertible {
    /// Type and number, e.g. `vbd 51712`.
    public var description: String { "\(type) \(number)" }
}
