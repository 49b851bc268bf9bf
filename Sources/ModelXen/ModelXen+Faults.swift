// Hypercalls that fail because the test says so.

import Hypercalls

extension ModelXen {
    /// A refusal that is laid in wait.
    struct Fault {
        let call: Call
        let error: XenError
        /// Calls of this kind still to let through, and then still to refuse.
        var passes: Int
        var refusals: Int
        let probability: Double
    }

    /// Refuses `times` calls of a kind, after letting `passes` through.
    public func refuse(
        _ call: Call, with error: XenError, times: Int = .max, after passes: Int = 0
    ) {
        faults.append(
            Fault(call: call, error: error, passes: passes, refusals: times, probability: 1))
    }

    /// Refuses calls of a kind at random, as the seed decides.
    public func refuse(_ call: Call, with error: XenError, probability: Double) {
        faults.append(
            Fault(
                call: call, error: error, passes: 0, refusals: .max, probability: probability))
    }

    /// Refuses nothing any more.
    public func removeFaults() { faults = [] }

    func fault(for call: Call) -> XenError? {
        for index in faults.indices where faults[index].call == call {
            guard faults[index].passes == 0 else {
                faults[index].passes -= 1
                continue
            }
            guard faults[index].refusals > 0 else { continue }
            guard generator.happens(withProbability: faults[index].probability) else { continue }
            faults[index].refusals -= 1
            return faults[index].error
        }
        return nil
    }
}
