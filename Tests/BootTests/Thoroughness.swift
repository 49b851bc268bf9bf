// How often a boot test repeats what it repeats.

import Foundation

/// Everyday runs repeat as often as finds what is broken; with `APUS_THOROUGH=1` as often as finds
/// what is rare.
enum Thoroughness {
    /// Whether this is a thorough run.
    static let isWanted = ProcessInfo.processInfo.environment["APUS_THOROUGH"] == "1"

    /// The number of rounds of this run.
    static func rounds(everyday: Int, thorough: Int) -> Int { isWanted ? thorough : everyday }
}
