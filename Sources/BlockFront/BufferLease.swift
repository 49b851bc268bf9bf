// Grants that stay with a buffer because the backend is meant to keep them mapped
// (`feature-persistent`).

import BlockDevices
import Grants
import Hypercalls
import Platform

/// A grant that can be in a list.
final class HeldGrant {
    private var grant: Grant?
    let reference: GrantReference

    init(_ grant: consuming Grant) {
        reference = grant.reference
        self.grant = consume grant
    }

    /// Gives the grant away, once.
    func give() -> Grant {
        guard let grant = grant.take() else { preconditionFailure("a grant was ended twice") }
        return grant
    }
}

/// The pages of one buffer that stay lent to one backend, for one connection at most.
final class BufferLease: PageLease, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let platform: DevicePlatform
    /// Whose lease this is; it ends this at its own end.
    private unowned(unsafe) let buffer: PageBuffer
    /// For each page its grant, from when it was first used.
    private var grants: [HeldGrant?] = []
    private var keeper: LeaseKeeper?
    /// Among the keeper's.
    fileprivate var position = 0

    private init(_ buffer: PageBuffer, _ platform: DevicePlatform) {
        (self.buffer, self.platform) = (buffer, platform)
    }

    /// The lease of a buffer; nil where another driver has one.
    static func of(_ buffer: PageBuffer, _ platform: DevicePlatform) -> BufferLease? {
        if let lease = buffer.lease { return lease as? BufferLease }
        let lease = BufferLease(buffer, platform)
        buffer.lease = lease
        return lease
    }

    /// The reference of a page that stays lent; nil where it does not.
    func reference(ofPage index: Int, by keeper: LeaseKeeper) -> GrantReference? {
        if self.keeper == nil {
            grants = [HeldGrant?](repeating: nil, count: buffer.pageCount)
            self.keeper = keeper
            keeper.add(self)
        }
        guard self.keeper === keeper else { return nil }
        if let grant = grants[index] { return grant.reference }
        let page = buffer.start + index * PageBuffer.pageByteCount
        guard let grant = keeper.lend(page) else { return nil }
        grants[index] = grant
        return grant.reference
    }

    private func takeGrants() -> [HeldGrant] {
        let taken = grants.compactMap { $0 }
        keeper?.count -= taken.count
        (grants, keeper) = ([], nil)
        return taken
    }

    /// The connection is over: all is taken back. A page that the peer does not give back keeps
    /// the buffer's memory until it does.
    fileprivate func leave() {
        let buffer = buffer
        for held in takeGrants() {
            platform.end(held.give()) { withExtendedLifetime(buffer) {} }
        }
    }

    /// The buffer is gone: its memory follows when the last grant has ended.
    func end(_ free: @escaping () -> Void) {
        keeper?.remove(self)
        let ending = SharedEnding(free)
        for held in takeGrants() { ending.end(held.give(), on: platform) }
        ending.settle()
    }
}

extension DevicePlatform {
    /// Ends a grant, or leaves it in quarantine; `keep` is let go of when its page is free.
    @inline(__always)
    func end(_ grant: consuming Grant, keeping keep: @escaping () -> Void) {
        switch grants.revoke(grant) {
        case .reclaimed: break
        case .stillInUse(let grant): quarantine(grant, whenReclaimed: keep)
        }
    }
}

/// What stays lent to one backend for one connection.
final class LeaseKeeper {
    private let platform: DevicePlatform
    private let peer: DomainID
    private let limit: Int
    // Not owned: a lease takes itself out at its end.
    private var leases: [Unmanaged<BufferLease>] = []
    /// Pages that stay lent.
    fileprivate(set) var count = 0

    init(_ platform: DevicePlatform, peer: DomainID, limit: Int) {
        (self.platform, self.peer, self.limit) = (platform, peer, limit)
    }

    fileprivate func lend(_ page: UnsafeMutableRawPointer) -> HeldGrant? {
        guard count < limit else { return nil }
        do throws(GrantTable.LendError) {
            let grant = try platform.lend(page, to: peer, .readWrite)
            count += 1
            return HeldGrant(grant)
        } catch {
            return nil
        }
    }

    fileprivate func add(_ lease: BufferLease) {
        lease.position = leases.count
        leases.append(.passUnretained(lease))
    }

    fileprivate func remove(_ lease: BufferLease) {
        guard let last = leases.popLast()?.takeUnretainedValue(), last !== lease else { return }
        last.position = lease.position
        leases[lease.position] = .passUnretained(last)
    }

    /// Takes everything back, as far as the peer gives it.
    func end() {
        for lease in leases { lease.takeUnretainedValue().leave() }
        leases = []
    }
}
