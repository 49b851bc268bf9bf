// The working tree that a test was compiled in.

import Foundation

/// Finds what tests read beside themselves.
package enum Checkout {
    /// The root of the package that has `file` in a directory of its `Tests`.
    package static func root(of file: String = #filePath) -> URL {
        URL(fileURLWithPath: file)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }
}
