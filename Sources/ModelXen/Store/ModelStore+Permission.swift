// Who may do what with a node, and how the protocol spells it.
//
// Source: Xen's docs/misc/xenstore.txt, SET_PERMS.

import Hypercalls

extension ModelStore {
    /// One entry of a node's list. In the first, `domain` is the owner, who may do everything, and
    /// `access` holds for whoever is not in the list.
    public struct Permission: Hashable, Sendable, CustomStringConvertible {
        /// What a domain may do, by the protocol's letter.
        public enum Access: String, Sendable, CaseIterable {
            /// Neither read nor write.
            case none = "n"
            /// Read.
            case read = "r"
            /// Write.
            case write = "w"
            /// Both.
            case both = "b"
        }

        /// Whom the entry is about.
        public let domain: DomainID
        /// What it may do.
        public let access: Access

        /// An entry of the list.
        public init(_ domain: DomainID, _ access: Access) {
            self.domain = domain
            self.access = access
        }

        /// As the protocol spells it, such as `r7`; nil when it does not.
        public init?(_ text: String) {
            guard let letter = text.first, let access = Access(rawValue: String(letter)),
                let number = UInt16(text.dropFirst())
            else { return nil }
            self.init(DomainID(rawValue: number), access)
        }

        /// As the protocol spells it.
        public var description: String { access.rawValue + String(domain.rawValue) }
    }
}

/// What an operation needs to be allowed.
struct StoreAccess: OptionSet {
    let rawValue: Int

    static let read = StoreAccess(rawValue: 1)
    static let write = StoreAccess(rawValue: 2)
    static let owner = StoreAccess(rawValue: 4)

    init(rawValue: Int) { self.rawValue = rawValue }

    init(_ access: ModelStore.Permission.Access) {
        switch access {
        case .none: self = []
        case .read: self = .read
        case .write: self = .write
        case .both: self = [.read, .write]
        }
    }

    /// What a list grants to a domain.
    init(to domain: DomainID, by permissions: [ModelStore.Permission]) {
        guard let first = permissions.first, first.domain != domain else {
            self = [.read, .write, .owner]
            return
        }
        let own = permissions.dropFirst().first {
            $0.domain == domain || $0.domain == ModelStore.anyDomain
        }
        self.init((own ?? first).access)
    }
}
