// A shared page with Xen's side of the 2-level ABI behind it.

import CXen
import Events
import ModelXen
import Synchronization
import XenTypes

final class SharedPage {
    let shared = UnsafeMutablePointer<shared_info>.allocate(capacity: 1)
    let vcpu: UnsafeMutablePointer<vcpu_info>
    let xen: TwoLevelDelivery

    init() {
        shared.initialize(to: shared_info())
        vcpu = UnsafeMutableRawPointer(shared).assumingMemoryBound(to: vcpu_info.self)
        xen = TwoLevelDelivery(sharedInfo: shared, vcpuInfo: vcpu)
    }

    deinit { shared.deallocate() }

    func makeEvents() -> TwoLevelEvents { TwoLevelEvents(sharedInfo: shared, vcpuInfo: vcpu) }
}

/// Shorter than `Port(rawValue:)` where a test names many.
func port(_ number: UInt32) -> Port { Port(rawValue: number) }

extension TwoLevelEvents {
    mutating func drain(limit: Int = 10_000) -> [UInt32] {
        var taken: [UInt32] = []
        while taken.count < limit, let port = next() { taken.append(port.rawValue) }
        return taken
    }
}

extension FIFOEvents {
    mutating func drain(limit: Int = 200_000) -> [UInt32] {
        var taken: [UInt32] = []
        while taken.count < limit, let port = next() { taken.append(port.rawValue) }
        return taken
    }
}

/// Runs `raise` many times on another thread, and `turn` on this one until that is over.
func race(turn: () -> Void, against raise: @escaping @Sendable (Int) -> Void) async {
    final class Flag: Sendable { let isSet = Atomic(false) }
    let over = Flag()
    let raiser = Task.detached {
        for round in 0..<20_000 { raise(round) }
        over.isSet.store(true, ordering: .releasing)
    }
    while !over.isSet.load(ordering: .acquiring) {
        for _ in 0..<64 { turn() }
        await Task.yield()
    }
    await raiser.value
}
