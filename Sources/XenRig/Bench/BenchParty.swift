// A domain that takes orders on its console.

import Foundation
import RigTools
import Synchronization

/// One side of a bench, which is idle but for its orders.
final class BenchParty: Sendable {
    let domain: RunningDomain
    private let count = Atomic<Int>(0)

    /// Returns once the domain takes orders.
    init(_ domain: RunningDomain, timeout: Duration = .seconds(600)) async throws(RigError) {
        self.domain = domain
        try await domain.wait(for: BenchAnswer.ready, timeout: timeout)
    }

    /// Gives an order and waits for the end of the work.
    ///
    /// - Throws: `rigFailed` where the status is not 0, with the end of what it printed.
    func carryOut(_ order: String, timeout: Duration) async throws(RigError) -> String {
        let id = count.add(1, ordering: .relaxed).newValue
        try await domain.send(line: "\(id) \(order)")
        try await domain.wait(for: BenchAnswer.ending(id), timeout: timeout)
        let answer = try await domain.rig.poll("an answer", timeout: .seconds(30)) {
            BenchAnswer(to: id, in: domain.console)
        }
        guard answer.status == 0 else {
            throw .rigFailed("\(domain.name): \(order): \(answer.output.suffix(300))")
        }
        return answer.output
    }

    /// The processor time that an order takes, Xen's for the domain included.
    func processorTime(
        of order: String, timeout: Duration
    ) async throws(RigError) -> Duration {
        let before = try await domain.exactCPUTime()
        _ = try await carryOut(order, timeout: timeout)
        return try await domain.exactCPUTime() - before
    }
}

extension RunningDomain {
    /// The processor time that it used, as Xen counts it: in nanoseconds.
    ///
    /// On a machine that counts instructions it is the number of them that ran while the domain
    /// had the processor: its own, and Xen's in its exits and hypercalls.
    public func exactCPUTime() async throws(RigError) -> Duration {
        guard isXen, let domainID else { throw .rigFailed("\(name) is no domain of Xen") }
        let result = try await rig.run(
            """
            exec /usr/bin/python3 - <<'end'
            import sys
            sys.path.insert(0, '/usr/lib/xen-\(rig.options.flavour.xen.rawValue)/lib/python')
            from xen.lowlevel.xc import xc
            for domain in xc().domain_getinfo(\(domainID), 1):
                if domain['domid'] == \(domainID): print(domain['cpu_time'])
            end
            """)
        guard result.succeeded, let nanoseconds = Int64(result.lastLine) else {
            throw .rigFailed("no processor time of \(name): \(result.lastLine)")
        }
        return .nanoseconds(nanoseconds)
    }
}
