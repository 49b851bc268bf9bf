// What a model's netback offers, and how it behaves.

import ModelXen

extension ModelNetback {
    /// Features that the backend offers, as keys.
    public struct Offer: Hashable, Sendable {
        /// `feature-sg`.
        public var scatterGather = true
        /// `feature-gso-tcpv4` and `feature-gso-tcpv6`.
        public var segmentation = true
        /// Not `feature-no-csum-offload`.
        public var checksumIPv4 = true
        /// `feature-ipv6-csum-offload`.
        public var checksumIPv6 = true
        /// `feature-split-event-channels`.
        public var splitEventChannels = true
        /// `multi-queue-max-queues`.
        public var queueLimit = 4
        /// `feature-multicast-control`.
        public var multicastControl = true
        /// `feature-ctrl-ring`.
        public var controlRing = true
        /// Whether Toeplitz's hash can be asked for.
        public var hashing = true
        /// Pages that it keeps mapped for a guest.
        public var stagedPageLimit = 0

        /// All that Linux's has.
        public init() {}

        /// What is written before the backend's InitWait.
        public var keys: [(String, String)] {
            var keys: [(String, String)] = [
                ("feature-rx-copy", "1"), ("feature-rx-flip", "0"),
                ("multi-queue-max-queues", String(queueLimit)),
            ]
            func offer(_ name: String, _ isOffered: Bool) {
                if isOffered { keys.append((name, "1")) }
            }
            offer("feature-sg", scatterGather)
            offer("feature-gso-tcpv4", segmentation)
            offer("feature-gso-tcpv6", segmentation)
            offer("feature-no-csum-offload", !checksumIPv4)
            offer("feature-ipv6-csum-offload", checksumIPv6)
            offer("feature-split-event-channels", splitEventChannels)
            offer("feature-multicast-control", multicastControl)
            offer("feature-dynamic-multicast-control", multicastControl)
            offer("feature-ctrl-ring", controlRing)
            return keys
        }
    }

    /// What it does besides its work, or instead of it.
    public struct Manners: Sendable {
        /// Nanoseconds from what happens to what it does about it.
        public var delay: ClosedRange<UInt64> = 1_000...1_000
        /// Nanoseconds for which the pages of a frame stay mapped.
        public var holding: ClosedRange<UInt64> = 0...0
        /// Chance that a frame is refused with a status.
        public var refusalProbability = 0.0
        /// Chance, for each answer, that something in it is not true.
        public var lieProbability = 0.0
        /// Whether pages stay mapped beyond the connection.
        public var keepsPages = false

        /// Quick and correct.
        public init() {}
    }

    /// What a lie is about.
    enum Lie: UInt64, CaseIterable {
        case index, number, status, offset, size, flags, extra, silence, twice, storm, scribble
    }

    func lie() -> Lie? {
        guard xen.happens(manners.lieProbability) else { return nil }
        return Lie(rawValue: xen.draw(0...UInt64(Lie.allCases.count - 1)))
    }
}
