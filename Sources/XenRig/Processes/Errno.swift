// The error number of a system call, with the system's own words.

import Foundation

/// An errno value.
public struct Errno: Error, Equatable, Sendable, CustomStringConvertible {
    public let rawValue: Int32

    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The calling thread's errno, to be read right after the call that failed.
    static var current: Errno { Errno(errno) }

    public var description: String { String(cString: strerror(rawValue)) }
}
