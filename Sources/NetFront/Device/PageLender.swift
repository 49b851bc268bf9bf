// The pages that packets are made of, as one backend sees them during one connection.
//
// A page is lent when it is first shown to the backend, and stays so until the connection ends: for
// packets that go out, to be read; for those that come, to be written. Where the backend is not to
// be trusted, each use is a lending of its own.

import Grants
import Platform
import TCPIP
import XenTypes

/// Who lends pages of packet pools to one peer.
final class PageLender: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// What is lent of one pool.
    private struct Book: ~Copyable {
        let pool: PacketPool
        let access: GrantAccess
        let grants: UnsafeMutablePointer<Grant?>
        /// The grants' references: the only thing that is looked at for each packet. 0 is none's.
        let references: UnsafeMutablePointer<UInt32>
        let count: Int

        init(_ pool: PacketPool, _ access: GrantAccess) {
            self.pool = pool
            self.access = access
            count = pool.pageLimit
            grants = .allocate(capacity: count)
            for index in 0..<count { (grants + index).initialize(to: nil) }
            references = .allocate(capacity: count)
            references.initialize(repeating: 0, count: count)
        }

        deinit {
            grants.deinitialize(count: count)
            grants.deallocate()
            references.deallocate()
        }
    }

    private let platform: DevicePlatform
    private let peer: DomainID
    /// Whether a page stays lent after its first use.
    let keepsGrants: Bool
    /// Of the device's own pages, for packets that come.
    private let received: Book
    /// Of the stack's pages, for packets that go out.
    private let sent: Book
    /// Pages that the peer did not let go of.
    private(set) var withheldCount: UInt64 = 0

    init(
        _ platform: DevicePlatform, to peer: DomainID, keeping keepsGrants: Bool,
        receiving: PacketPool, sending: PacketPool
    ) {
        self.platform = platform
        self.peer = peer
        self.keepsGrants = keepsGrants
        received = Book(receiving, .readWrite)
        sent = Book(sending, .readOnly)
    }

    /// What the peer is told of a page, which is lent from now on.
    ///
    /// - Returns: nil when there is no grant, or the page is of a pool that is not lent from, or
    ///   some peer of before has not let go of it.
    @inline(__always)
    func reference(of part: PacketFragment) -> GrantReference? {
        if part.pool == sent.pool.identity { return Self.reference(of: part, in: sent, self) }
        if part.pool == received.pool.identity {
            return Self.reference(of: part, in: received, self)
        }
        return nil
    }

    @inline(__always)
    private static func reference(
        of part: PacketFragment, in book: borrowing Book, _ lender: PageLender
    ) -> GrantReference? {
        let known = book.references[part.bufferIndex]
        if known != 0 { return GrantReference(rawValue: known) }
        return lender.lend(part, in: book)
    }

    private func lend(_ part: PacketFragment, in book: borrowing Book) -> GrantReference? {
        guard !book.pool.isWithheld(part.bufferIndex) else { return nil }
        do throws(GrantTable.LendError) {
            let grant = try platform.lend(part.page, to: peer, book.access)
            let reference = grant.reference
            book.grants[part.bufferIndex] = consume grant
            book.references[part.bufferIndex] = reference.rawValue
            return reference
        } catch {
            return nil
        }
    }

    /// After a use: the page is the peer's no longer, unless pages stay lent.
    ///
    /// - Returns: false when the peer does not let go: the page is out of use with its packet.
    @inline(__always)
    func endUse(of part: PacketFragment) -> Bool {
        if keepsGrants { return true }
        if part.pool == sent.pool.identity { return end(part.bufferIndex, in: sent) }
        if part.pool == received.pool.identity { return end(part.bufferIndex, in: received) }
        return true
    }

    /// Ends everything: the connection is over.
    func endAll() {
        for index in 0..<sent.count { _ = end(index, in: sent) }
        for index in 0..<received.count { _ = end(index, in: received) }
    }

    private func end(_ index: Int, in book: borrowing Book) -> Bool {
        guard book.references[index] != 0, let grant = book.grants[index].take() else {
            return true
        }
        book.references[index] = 0
        switch platform.grants.revoke(grant) {
        case .reclaimed: return true
        case .stillInUse(let grant):
            withheldCount += 1
            let pool = book.pool
            pool.withhold(index)
            // Keeps the pool, and so the page, until the peer has let go.
            platform.quarantine(grant) { pool.restore(index) }
            return false
        }
    }

    /// Lends all pages of both pools, for a backend that is to keep them mapped.
    ///
    /// - Returns: references and whether each may only be read; nil when not all could be lent.
    func lendAll() -> [(reference: UInt32, isReadOnly: Bool)]? {
        guard let first = lendAll(of: received), let second = lendAll(of: sent) else { return nil }
        return first.map { ($0, false) } + second.map { ($0, true) }
    }

    private func lendAll(of book: borrowing Book) -> [UInt32]? {
        var references: [UInt32] = []
        for index in 0..<book.pool.pageCount {
            guard !book.pool.isWithheld(index) else { continue }
            guard let reference = reference(of: book.pool.wholePage(index)) else { return nil }
            references.append(reference.rawValue)
        }
        return references
    }
}
