// Another domain, as far as grants go: what it does with the guest's pages, and what it lends the
// guest. Its will is the test's.

import CXen
import Hypercalls

/// A page of the guest's that a peer has mapped.
public struct ModelPeerMapping: Hashable, Sendable {
    /// Its number among the peer's.
    public let number: Int
    /// What was mapped.
    public let reference: GrantReference
    /// Whether for writing, too.
    public let isWritable: Bool
}

/// A domain other than the guest.
public final class ModelPeer {
    /// A page that it lends the guest.
    private struct Loan {
        let frame: MachineFrame
        let access: Bool
        var useCount = 0
    }

    /// Its number.
    public let domain: DomainID
    private unowned let xen: ModelXen
    private var mappings: [ModelPeerMapping: GuestFrame] = [:]
    private var lastNumber = 0
    private var loans: [GrantReference: Loan] = [:]
    private var lastReference: UInt32 = 7

    init(domain: DomainID, xen: ModelXen) {
        self.domain = domain
        self.xen = xen
    }

    // The guest's pages.

    /// Maps a page that the guest lends to this domain.
    public func map(
        _ reference: GrantReference, writable: Bool = true
    ) throws(GrantStatus) -> ModelPeerMapping {
        let frame = try xen.grants.pin(reference, by: domain, writable: writable)
        guard (try? xen.memory(of: frame)) != nil else {
            xen.grants.unpin(reference, writable: writable)
            throw .badPage
        }
        lastNumber += 1
        let mapping = ModelPeerMapping(
            number: lastNumber, reference: reference, isWritable: writable)
        mappings[mapping] = frame
        return mapping
    }

    /// The memory behind a mapping, as long as it lasts.
    public func page(of mapping: ModelPeerMapping) -> UnsafeMutableRawPointer {
        guard let frame = mappings[mapping], let page = try? xen.memory(of: frame) else {
            preconditionFailure("the peer has no such mapping")
        }
        return page
    }

    /// Ends a mapping.
    public func unmap(_ mapping: ModelPeerMapping) {
        precondition(mappings.removeValue(forKey: mapping) != nil, "no such mapping")
        xen.grants.unpin(mapping.reference, writable: mapping.isWritable)
    }

    /// Ends all: what Xen does when the domain dies.
    public func unmapAll() {
        for mapping in mappings.keys { unmap(mapping) }
    }

    func forgetMappings() { mappings = [:] }

    /// How many pages of the guest it has mapped.
    public var mappingCount: Int { mappings.count }

    // Its own pages.

    /// Lends the guest a zeroed page; its memory as the peer sees it.
    public func lend(
        writable: Bool = true
    ) -> (reference: GrantReference, page: UnsafeMutableRawPointer) {
        let frame = xen.grants.frames.take()
        lastReference += 1
        let reference = GrantReference(rawValue: lastReference)
        loans[reference] = Loan(frame: frame, access: writable)
        return (reference, xen.grants.frames[frame])
    }

    /// Takes a page back; false while the guest uses it.
    public func takeBack(_ reference: GrantReference) -> Bool {
        guard loans[reference]?.useCount == 0 else { return false }
        loans[reference] = nil
        return true
    }

    func begin(_ reference: GrantReference, writable: Bool) throws(GrantStatus) -> MachineFrame {
        guard let loan = loans[reference] else { throw .badReference }
        guard loan.access || !writable else { throw .permissionDenied }
        loans[reference]?.useCount += 1
        return loan.frame
    }

    func end(_ reference: GrantReference) { loans[reference]?.useCount -= 1 }
}

extension ModelXen {
    /// A domain other than the guest, made when it is first asked for.
    public func peer(_ domain: DomainID) -> ModelPeer {
        precondition(domain != Self.guest, "the guest is no peer of its own")
        if let peer = peers[domain] { return peer }
        let peer = ModelPeer(domain: domain, xen: self)
        peers[domain] = peer
        return peer
    }
}
