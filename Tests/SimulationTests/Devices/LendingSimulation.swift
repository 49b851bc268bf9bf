// Pages and ports lent through the store to a backend that keeps what it likes.

import Grants
import ModelXen
import Simulation
import Testing
import XenStore

struct LendingSimulation {
    @Test(arguments: [GrantVersion.one, .two])
    func `Pages that a backend keeps are missed by nobody, and come back when it dies`(
        version: GrantVersion
    ) {
        Seeds.check(25) { seed in
            let domain = StoreScene.domain(seed: seed) { $0.grantVersion = version }
            return try Self.lend(in: domain, disconnecting: 0)
        }
    }

    @Test func `Lost connections lose no page`() {
        Seeds.check(25) { seed in
            try Self.lend(in: StoreScene.domain(seed: seed), disconnecting: 0.02)
        }
    }

    private static func lend(
        in domain: SimulatedDomain, disconnecting probability: Double
    ) throws -> [String] {
        domain.store.behaviour.disconnectProbability = probability
        let eater = PageEater(domain.xen, domain.store)
        let guest = LendingGuest(domain, pageCount: 16)
        try domain.run {
            await withTaskGroup { group in
                for number in 0..<4 {
                    group.addTask { await guest.exchange(4, as: "exchange-\(number)") }
                }
            }
        }
        var faults = guest.faults
        if guest.missingPageCount != 0 { faults.append("\(guest.missingPageCount) pages lost") }
        domain.grants.retryQuarantine()
        if eater.mappingCount < domain.grants.quarantineCount {
            faults.append("\(domain.grants.quarantineCount) pages in quarantine for no reason")
        }
        eater.die()
        domain.grants.retryQuarantine()
        if domain.grants.quarantineCount != 0 { faults.append("a page is kept by nobody") }
        return faults + domain.remains()
    }
}
