// The figures that a XenServer shows, and their source.
#if hasFeature(Embedded)
    import Lifecycle
    import Memory
    import XenTypes

    extension Housekeeping {
        private static let metricsNanoseconds: UInt64 = 30_000_000_000

        /// Begins to publish figures; does nothing the second time.
        func startMetrics() {
            guard !publishesMetrics, Live.kernel.pointee.information.store != nil else { return }
            publishesMetrics = true
            let metrics = GuestMetrics(
                store: Live.store, timekeeper: Live.timekeeper, sample: { Self.sample() },
                say: { print($0) })
            run { await metrics.run(everyNanoseconds: Self.metricsNanoseconds) }
            withdrawals.add(withinNanoseconds: Self.withdrawalNanoseconds) {
                await metrics.withdraw()
            }
        }

        private static func sample() -> GuestMetrics.Sample {
            let total = Live.kernel.pointee.information.frameCount << UInt64(Page.shift)
            guard let heap = Live.heap else {
                return GuestMetrics.Sample(totalKiB: total / 1024, freeKiB: 0)
            }
            let free =
                UInt64(heap.pointee.statistics.freeFrameCount)
                + heap.pointee.source.unusedFrameCount
            return GuestMetrics.Sample(
                totalKiB: total / 1024, freeKiB: free << UInt64(Page.shift) / 1024)
        }
    }
#endif
