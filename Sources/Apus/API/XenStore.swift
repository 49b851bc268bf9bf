// The application's way to XenStore.

import XenStore

extension Guest {
    /// The toolstack's database, in which the domain has a directory of its own: relative paths
    /// are within it. Of that, `data` is the application's to write in.
    ///
    /// On a host, and in a domain without a store, every request fails as
    /// ``XenStoreError/unavailable``.
    public static var xenStore: XenStoreClient {
        #if hasFeature(Embedded)
            Live.store
        #else
            .unconnected
        #endif
    }
}
