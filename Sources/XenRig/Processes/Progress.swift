// What a long step tells the one who waits for it.

/// Receives a line at the start of each long step. Called from any thread.
public struct Progress: Sendable {
    private let receive: @Sendable (String) -> Void

    public init(_ report: @escaping @Sendable (String) -> Void) { receive = report }

    /// Says nothing.
    public static let silent = Progress { _ in }

    public func report(_ text: String) { receive(text) }
}
