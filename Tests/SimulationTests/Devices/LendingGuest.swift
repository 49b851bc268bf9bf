// A guest that lends pages to a backend it cannot trust, and counts them.

import Clock
import Events
import Grants
import Hypercalls
import ModelXen
import Simulation
import XenStore

/// The pages and the exchanges of one domain. Everything on its one thread.
final class LendingGuest: @unchecked Sendable {
    private struct OwnPage {
        let start: UnsafeMutableRawPointer
        let frame: GuestFrame
    }

    private let domain: SimulatedDomain
    private var pages: [OwnPage] = []
    private let pageCount: Int
    /// What went wrong.
    private(set) var faults: [String] = []
    private var waiters: [Port: UnsafeContinuation<Void, Never>] = [:]
    private var signalled: Set<Port> = []

    init(_ domain: SimulatedDomain, pageCount: Int) {
        self.domain = domain
        self.pageCount = pageCount
        for _ in 0..<pageCount {
            let page = domain.xen.makePage()
            pages.append(OwnPage(start: page.start, frame: page.frame))
        }
    }

    /// Pages that are neither free nor in quarantine.
    var missingPageCount: Int { pageCount - pages.count - domain.grants.quarantineCount }

    /// So many exchanges, one after the other.
    func exchange(_ count: Int, as name: String) async {
        for _ in 0..<count {
            do throws(XenStoreError) {
                try await exchange(as: "data/\(name)")
            } catch {
                if error != .connectionLost { faults.append("\(error)") }
            }
        }
    }

    private func exchange(as directory: String) async throws(XenStoreError) {
        domain.grants.retryQuarantine()
        guard let page = pages.popLast() else { return }
        page.start.storeBytes(of: 0, as: UInt32.self)
        guard let grant = try? domain.grants.lend(page.frame, to: PageEater.domain, .readWrite),
            let channel = try? domain.guest.events.allocateUnbound(for: PageEater.domain)
        else { return faults.append("nothing to lend with") }
        let (port, reference) = (channel.port, grant.reference.rawValue)
        try? domain.guest.events.setHandler(of: channel) { [unowned self] in wake($0) }
        let published = await result(of: { () async throws(XenStoreError) in
            try await self.publish(directory, reference, port)
        })
        if case .success = published {
            await waitForAnswer(at: port, atMost: 300_000)
            let answer = page.start.load(as: UInt32.self)
            if answer != 0, answer != reference { faults.append("an answer of another time") }
        }
        signalled.remove(port)
        domain.guest.events.close(channel)
        end(grant, of: page)
        _ = try published.get()
        try await domain.client.removeIfPresent(directory)
    }

    private func publish(
        _ directory: String, _ reference: UInt32, _ port: Port
    ) async throws(XenStoreError) {
        try await domain.client.transaction { transaction async throws(XenStoreError) in
            try await transaction.write(directory + "/ring-ref", String(reference))
            try await transaction.write(directory + "/event-channel", String(port.rawValue))
            try await transaction.write(directory + "/state", "published")
        }
    }

    private func end(_ grant: consuming Grant, of page: OwnPage) {
        switch domain.grants.revoke(grant) {
        case .reclaimed: pages.append(page)
        case .stillInUse(let grant):
            domain.grants.quarantine(grant, at: domain.xen.nanoseconds) { [unowned self] _ in
                pages.append(page)
            }
        }
    }

    /// An answer, or the end of patience; who waits may not have begun to.
    private func wake(_ port: Port) {
        guard let waiter = waiters.removeValue(forKey: port) else {
            signalled.insert(port)
            return
        }
        waiter.resume()
    }

    private func waitForAnswer(at port: Port, atMost patience: UInt64) async {
        let time = domain.guest.timekeeper
        await withTaskGroup { group in
            group.addTask {
                await withUnsafeContinuation { waiter in
                    guard self.signalled.remove(port) == nil else { return waiter.resume() }
                    self.waiters[port] = waiter
                }
            }
            group.addTask {
                _ = await time.sleep(until: time.now + patience)
                self.wake(port)
            }
            await group.next()
            group.cancelAll()
        }
    }
}
