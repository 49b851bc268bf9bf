// The error number of a system call, with the system's own words.

import Foundation

/// An errno value.
package struct Errno: Error, Equatable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The calling thread's errno, to be read right after the call that failed.
    package static var current: Errno { Errno(errno) }

    package var description: String { String(cString: strerror(rawValue)) }
}
