// How well a backend behaves, as the model's seed decides.

import ModelXen
import SeededRandomness
import XenBus

extension ModelBackend {
    /// What a backend does besides its work, or instead of it.
    public struct Manners: Sendable {
        /// Nanoseconds from what happens to what it does about it.
        public var delay: ClosedRange<UInt64> = 1_000...1_000
        /// Whether it takes no notice of the frontend.
        public var isDeaf = false
        /// Chance that it writes something else than the state that it should.
        public var garbageProbability = 0.0
        /// Chance that it does not write a state at all.
        public var silenceProbability = 0.0
        /// Nanoseconds between things that it does without a reason; nil: it does none.
        public var whims: ClosedRange<UInt64>?
        /// Nanoseconds of model time after which it has no whims any more.
        public var whimsEnd: UInt64 = .max

        /// Quick and correct.
        public init() {}

        /// What is written for a state; nil: nothing.
        func words(for state: XenbusState, by xen: ModelXen) -> String? {
            if xen.happens(silenceProbability) { return nil }
            guard xen.happens(garbageProbability) else { return state.text }
            return Self.garbage[Int(xen.draw(0...UInt64(Self.garbage.count - 1)))]
        }

        /// Also states that are none of a backend's at that moment.
        static let garbage = [
            "", "9", "-1", "4 ", "04", "connected", "\u{FFFD}", "99999999999999999999",
            "0", "1", "2", "3", "4", "5", "6", "7", "8",
        ]
    }

    /// Something at some time, again and again: closes, dies, comes back, lies.
    func misbehave() {
        guard let whims = manners.whims else { return }
        let xen = store.xen
        xen.schedule(afterNanoseconds: xen.draw(whims)) { [weak self] in
            guard let self, xen.nanoseconds < manners.whimsEnd else { return }
            if isAlive { whim() } else { comeBack() }
            misbehave()
        }
    }

    private func whim() {
        let text = Manners.garbage[Int(store.xen.draw(0...UInt64(Manners.garbage.count - 1)))]
        switch store.xen.draw(0...6) {
        case 0: close()
        case 1: die()
        case 2: vanish()
        case 3: announceChange()
        case 4: reconfigure()
        case 5: store.remove("\(path)/state")
        default: store.write("\(path)/state", text)
        }
    }
}

extension ModelXen {
    func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound == range.upperBound
            ? range.lowerBound : UInt64.random(in: range, using: &generator)
    }

    func happens(_ probability: Double) -> Bool {
        generator.happens(withProbability: probability)
    }
}
