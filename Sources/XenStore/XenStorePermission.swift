// Who may do what at a node.
//
// Source: xenstore.txt, "GET_PERMS": a letter and a domain in decimal, `r5`.

import XenTypes

/// One entry of a node's permissions. The first entry of a node names its owner, who may do
/// everything, and says what every domain without an entry may do.
public struct XenStorePermission: Hashable, Sendable {
    /// What a domain may do.
    public enum Access: UInt8, Hashable, Sendable {
        /// Nothing (`n`).
        case none = 0x6E
        /// Look (`r`).
        case read = 0x72
        /// Change (`w`).
        case write = 0x77
        /// Both (`b`).
        case readWrite = 0x62
    }

    /// Whom the entry is about.
    public let domain: DomainID
    /// What that domain may do; in the first entry, what all others may.
    public let access: Access

    /// An entry.
    public init(domain: DomainID, access: Access) {
        self.domain = domain
        self.access = access
    }

    /// Takes apart `r5`; nil where it is not of that form.
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 1, let access = Access(rawValue: bytes[0]),
            let number = Decimal.parse(bytes.extracting(1...)),
            let domain = UInt16(exactly: number)
        else { return nil }
        self.init(domain: DomainID(rawValue: domain), access: access)
    }

    /// `r5`.
    var encoded: [UInt8] { [access.rawValue] + Decimal.bytes(UInt64(domain.rawValue)) }
}
