// Work that must be done by a certain time.

/// Why a ``withDeadline(_:_:)`` has no result.
public enum DeadlineError<Failure: Error>: Error {
    /// Time was up first. The work was cancelled, and has ended.
    case exceeded
    /// The work itself failed.
    case failed(Failure)
}

/// Runs `work`, and cancels it at `deadline`.
///
/// Returns when the work has ended, cancelled or not: nothing goes on behind the caller's back.
/// Work that ends in time wins, even if it ends because the caller was cancelled.
public func withDeadline<Value: Sendable, Failure: Error>(
    _ deadline: ContinuousClock.Instant,
    _ work: @Sendable @escaping () async throws(Failure) -> Value
) async throws(DeadlineError<Failure>) -> Value {
    let outcome = await withTaskGroup(
        of: Result<Value, Failure>?.self, returning: Result<Value, Failure>?.self
    ) { group in
        group.addTask {
            do throws(Failure) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        group.addTask {
            try? await Task.sleep(until: deadline)
            return nil
        }
        var first = await group.next() ?? nil
        group.cancelAll()
        // A cancelled caller ends the sleep early; then the work's own end is what counts.
        if first == nil, ContinuousClock().now < deadline { first = await group.next() ?? nil }
        await group.waitForAll()
        return first
    }
    switch outcome {
    case .success(let value): return value
    case .failure(let error): throw .failed(error)
    case nil: throw .exceeded
    }
}
