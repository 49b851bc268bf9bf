// What a client has to do, and what it has seen.

/// Counts of a client's present and past.
public struct XenStoreStatistics: Equatable, Sendable {
    /// Requests that the store has, whole or in part, and has not answered.
    public internal(set) var requestsInFlight = 0
    /// Requests that wait to be sent.
    public internal(set) var requestsWaiting = 0
    /// Watches that the store has, or is being asked to set or to end.
    public internal(set) var watches = 0
    /// Transactions that the store has started and has not been told to end.
    public internal(set) var transactions = 0
    /// Replies that belonged to no request.
    public internal(set) var unmatchedReplyCount: UInt64 = 0
    /// Replies that were not what their requests ask for.
    public internal(set) var malformedReplyCount: UInt64 = 0
    /// Events of watches: all of them, and those among them of no watch.
    public internal(set) var eventCount: UInt64 = 0
    /// Events that belonged to no watch, as those do that were on their way when it ended.
    public internal(set) var unmatchedEventCount: UInt64 = 0
    /// Times that the store sent what cannot be, so that the connection was of no more use.
    public internal(set) var breakdownCount: UInt64 = 0
    /// Times that the connection was made anew.
    public internal(set) var reconnectionCount: UInt64 = 0
}
