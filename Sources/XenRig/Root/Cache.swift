// Where finished root images are kept between runs.

import Foundation

enum Cache {
    /// `$APUS_CACHE`, else `$XDG_CACHE_HOME/apus`, else `~/.cache/apus`.
    static var directory: URL {
        directory(environment: ProcessInfo.processInfo.environment, home: NSHomeDirectory())
    }

    static func directory(environment: [String: String], home: String) -> URL {
        if let own = environment["APUS_CACHE"], !own.isEmpty { return URL(fileURLWithPath: own) }
        // The base directory specification: a relative path is to be ignored.
        if let shared = environment["XDG_CACHE_HOME"], shared.hasPrefix("/") {
            return URL(fileURLWithPath: shared).appending(path: "apus")
        }
        return URL(fileURLWithPath: home).appending(path: ".cache/apus")
    }
}
