// Where a device's backend is, as the toolstack wrote it, checked before anything is read there.
//
// Source: Xen docs/misc/xenstore-paths.pandoc, "Paravirtual Device Backend Paths".

import XenTypes

/// The backend's directory and the domain that it is in.
///
/// xl and libvirt write `/local/domain/0/backend/vbd/7/51712`; XenServer's kinds differ from the
/// frontend's (`vbd3`), as do xl's for disks that QEMU serves (`qdisk`). So the kind may be any
/// name and is not compared. The domain must be the one that `backend-id` names: the driver lends
/// its pages to that number, and takes the keys of this path for its words.
public struct BackendPath: Hashable, Sendable {
    /// Bytes of a path at most; those of toolstacks have about 40.
    static var byteLimit: Int { 256 }
    /// Domains of guests have numbers below this (DOMID_FIRST_RESERVED).
    static var domainLimit: UInt64 { 0x7FF0 }

    /// Absolute, without a slash at its end.
    public let text: String
    /// The backend's domain.
    public let domain: DomainID
    /// What the backend's side calls the type.
    public let kind: String

    /// Why a directory's `backend` or `backend-id` was not believed.
    public enum Flaw: Error, Hashable, Sendable {
        /// Longer than any toolstack's.
        case tooLong
        /// Not of the form `/local/domain/DOMID/backend/KIND/...`, each part a name.
        case malformed
        /// `backend-id` is no number of a guest's domain.
        case notADomain
        /// The path lies in another domain than `backend-id` names.
        case otherDomain
    }

    /// Checks what the two keys hold.
    public init(parsing path: String, backendID: String) throws(Flaw) {
        guard path.utf8.count <= Self.byteLimit else { throw .tooLong }
        guard let domain = Self.domain(parsing: backendID.utf8) else { throw .notADomain }
        let parts = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard parts.count >= 7, parts[0].isEmpty,
            parts[1].elementsEqual("local".utf8), parts[2].elementsEqual("domain".utf8),
            parts[4].elementsEqual("backend".utf8)
        else { throw .malformed }
        guard parts[5...].allSatisfy(Self.isName), let kind = String(parts[5]) else {
            throw .malformed
        }
        guard let owner = Self.domain(parsing: parts[3]) else { throw .malformed }
        guard owner == domain else { throw .otherDomain }
        self.text = path
        self.domain = domain
        self.kind = kind
    }

    private static func domain(parsing text: some Sequence<UInt8>) -> DomainID? {
        Decimal.parse(text, limit: domainLimit - 1).map { DomainID(rawValue: UInt16($0)) }
    }

    /// Whether `bytes` are one part of a path. The store has `@` besides, for its own.
    private static func isName(_ bytes: Substring.UTF8View) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(DeviceName.isNameByte)
    }
}
