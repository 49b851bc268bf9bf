// How badly the store behaves, as the model's seed decides.

import CXen

extension ModelStore {
    /// A thing that must not come out of the ring.
    public enum Garbage: Sendable, CaseIterable {
        /// The reply has the type of another request.
        case wrongType
        /// A reply to a request that nobody made.
        case unknownIdentifier
        /// An event for a token that nobody gave.
        case unknownToken
        /// An event without its two strings.
        case malformedEvent
        /// A header that promises more than a message may have; nothing makes sense after it.
        case oversizedLength
        /// Bytes.
        case randomBytes
        /// A producer index far beyond the ring.
        case brokenIndexes

        /// Those after which the stream is still one of messages.
        public static var survivable: [Garbage] {
            [.wrongType, .unknownIdentifier, .unknownToken, .malformedEvent]
        }
    }

    /// When, in the course of a request, the store drops the connection.
    public enum Moment: Sendable, CaseIterable {
        /// Once it is read.
        case beforeProcessing
        /// Once it is done, before the reply.
        case afterProcessing
        /// With part of the reply in the ring.
        case withinReply
    }

    /// What the store does besides its work. Every range is one to draw from.
    public struct Behaviour: Sendable {
        /// Nanoseconds from reading a request to doing it, and from doing it to the reply.
        public var delay: ClosedRange<UInt64> = 0...0
        /// Whether replies overtake each other and the events.
        public var shufflesReplies = false
        /// Whether requests of different transactions (none being one) overtake each other before
        /// they are done.
        public var shufflesRequests = false
        /// Bytes taken out of the ring at a time; nil: all.
        public var readChunk: ClosedRange<Int>?
        /// Bytes put into the ring at a time; nil: all that fit.
        public var writeChunk: ClosedRange<Int>?
        /// Nanoseconds between two chunks.
        public var chunkDelay: ClosedRange<UInt64> = 0...0
        /// Chance that an event with no meaning accompanies a request.
        public var spuriousEventProbability = 0.0
        /// Chance that a request is done but never answered.
        public var silenceProbability = 0.0
        /// Whether it reads and writes nothing at all.
        public var isSilent = false
        /// Chance that the connection is dropped on account of a request, and when.
        public var disconnectProbability = 0.0
        /// When.
        public var disconnectMoments = Moment.allCases
        /// Chance of garbage with a reply.
        public var garbageProbability = 0.0
        /// Of which kinds.
        public var garbage = Garbage.allCases
        /// Whether it signals the event channel when it gives up a connection. xenstored does not.
        public var announcesErrors = true
        /// Nanoseconds from a guest's wish to reconnect to its fulfilment.
        public var reconnectDelay: ClosedRange<UInt64> = 0...0

        /// Immediate, orderly and truthful.
        public init() {}
    }

    /// A refusal that is laid in wait.
    struct Fault {
        let type: UInt32?
        let refusal: Refusal
        var passes: Int
        var times: Int
        let probability: Double
    }

    /// Refuses `times` requests of a kind (`XS_*`; nil: any) after letting `passes` through.
    public func refuse(
        _ type: Int32?, with refusal: Refusal, times: Int = .max, after passes: Int = 0,
        probability: Double = 1
    ) {
        faults.append(
            Fault(
                type: type.map { UInt32(bitPattern: $0) }, refusal: refusal, passes: passes,
                times: times, probability: probability))
    }

    /// Refuses nothing any more but what must be.
    public func removeFaults() { faults = [] }

    func fault(for type: UInt32) -> Refusal? {
        for index in faults.indices where faults[index].type ?? type == type {
            guard faults[index].passes == 0 else {
                faults[index].passes -= 1
                continue
            }
            guard faults[index].times > 0,
                xen.generator.happens(withProbability: faults[index].probability)
            else { continue }
            faults[index].times -= 1
            return faults[index].refusal
        }
        return nil
    }
}
