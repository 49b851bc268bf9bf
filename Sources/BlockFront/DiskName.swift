// What disks are called: in a domain's configuration (`vdev=xvdb`), and as numbers in the store.
//
// Source: Xen docs/man/xen-vbd-interface.7, "Concrete encoding in the VBD interface".

/// The number of a virtual disk.
@frozen
public struct DiskName: Hashable, Sendable {
    /// As in the store: `device/vbd/51728`.
    public let number: UInt32

    /// A disk by its number.
    public init(number: UInt32) { self.number = number }

    /// Reads `xvdb`, `xvdaa`, `sda`, `hdc`, each with a partition's number behind it or not.
    ///
    /// - Returns: nil for anything else, and beyond what a number can hold.
    public init?(_ text: String) {
        var rest = Substring(text)
        let kind: Substring
        if rest.hasPrefix("xvd") {
            (kind, rest) = ("xvd", rest.dropFirst(3))
        } else if rest.hasPrefix("sd") || rest.hasPrefix("hd") {
            (kind, rest) = (rest.prefix(2), rest.dropFirst(2))
        } else {
            return nil
        }
        guard let (disk, partition) = Self.parts(rest.utf8) else { return nil }
        guard let number = Self.number(kind, disk, partition) else { return nil }
        self.number = number
    }

    /// Letters count in base 26 without a zero: `a` is 0, `z` 25, `aa` 26.
    private static func parts(_ text: Substring.UTF8View) -> (disk: UInt32, partition: UInt32)? {
        var disk: UInt32 = 0
        var partition: UInt32 = 0
        var hasLetter = false
        var hasDigit = false
        for byte in text {
            switch byte {
            case 0x61...0x7A where !hasDigit && disk < 1 << 20:
                disk = (hasLetter ? (disk + 1) * 26 : 0) + UInt32(byte - 0x61)
                hasLetter = true
            case 0x30...0x39 where hasLetter && partition < 256:
                if !hasDigit, byte == 0x30 { return nil }
                partition = partition * 10 + UInt32(byte - 0x30)
                hasDigit = true
            default: return nil
            }
        }
        return hasLetter ? (disk, partition) : nil
    }

    private static func number(
        _ kind: Substring, _ disk: UInt32, _ partition: UInt32
    ) -> UInt32? {
        switch kind {
        case "xvd" where disk < 16 && partition < 16: return 202 << 8 | disk << 4 | partition
        case "xvd" where disk < 1 << 20 && partition < 256:
            return 1 << 28 | disk << 8 | partition
        case "sd" where disk < 16 && partition < 16: return 8 << 8 | disk << 4 | partition
        case "hd" where disk < 4 && partition < 64:
            return (disk < 2 ? 3 : 22) << 8 | (disk % 2) << 6 | partition
        default: return nil
        }
    }
}
