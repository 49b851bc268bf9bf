// A peer that maps and unmaps on a processor of its own while pages are lent and revoked.

import Glibc
import Hypercalls
import ModelXen
import Synchronization
import Testing

@testable import Grants

struct RaceTests {
    /// Marks and clears one entry, as Xen does for a peer, and has a word say while it is marked.
    private final class Racer: @unchecked Sendable {
        // Unchecked: the entry is accessed atomically, and so are the others.
        let entry: ModelGrantEntry
        let isMapped = Atomic<Bool>(false)
        let shallStop = Atomic<Bool>(false)
        let mapCount = Atomic<Int>(0)

        init(_ entry: ModelGrantEntry) { self.entry = entry }

        func run() {
            while !shallStop.load(ordering: .acquiring) {
                guard (try? entry.mark(by: backend, writable: true)) != nil else { continue }
                isMapped.store(true, ordering: .sequentiallyConsistent)
                mapCount.add(1, ordering: .relaxed)
                isMapped.store(false, ordering: .sequentiallyConsistent)
                entry.clear(0x18)
            }
        }
    }

    @Test(arguments: [GrantVersion.one, .two])
    func `A page never comes back while a peer on another processor has it`(
        version: GrantVersion
    ) async throws {
        let guest = Guest(Variant(isPV: true, version: version))
        let page = guest.xen.makePage()
        let first = try guest.lend().0
        let racer = Racer(try #require(guest.xen.grantEntry(first.reference)))
        #expect(guest.table.tryRevoke(first).reclaimed)
        let thread = Thread { racer.run() }
        var reclaimedCount = 0
        // Longer where the other thread has hardly come to it, within bounds.
        while reclaimedCount < 2000
            || racer.mapCount.load(ordering: .relaxed) < 100 && reclaimedCount < 100_000
        {
            var grant = GrantBox(try guest.table.lend(page.frame, to: backend, .readWrite))
            #expect(grant.reference == first.reference)
            if reclaimedCount % 64 == 0 { sched_yield() }
            while case (false, let box?) = guest.table.tryRevoke(grant) {
                grant = box
                sched_yield()
            }
            // A mark that came later would have been refused.
            let isMapped = racer.isMapped.load(ordering: .sequentiallyConsistent)
            #expect(!isMapped)
            reclaimedCount += 1
        }
        racer.shallStop.store(true, ordering: .releasing)
        thread.join()
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    /// A thread, without Foundation.
    private struct Thread {
        private let handle: pthread_t

        init(_ body: @escaping @Sendable () -> Void) {
            var thread = pthread_t()
            let box = Unmanaged.passRetained(Box(body)).toOpaque()
            pthread_create(
                &thread, nil,
                { box in
                    Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
                    return nil
                }, box)
            handle = thread
        }

        func join() { pthread_join(handle, nil) }

        private final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
    }
}
