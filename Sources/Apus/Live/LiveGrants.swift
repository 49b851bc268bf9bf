// Grants on the live machine: where the table and other domains' pages are mapped.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Grants
    import GuestRuntime
    import Hypercalls
    import Memory

    /// The guest's grants, made when they are first used.
    final class LiveGrants: @unchecked Sendable {
        // Unchecked: everything on the guest's one executor.

        /// Pages for the grant table, as many as there are guest frames for it.
        private static let tablePageCount = 255
        /// Pages of other domains that can be mapped at a time.
        private static let foreignPageCount = 1024

        let table: GrantTable
        let mappings: ForeignMappings
        private var isTending = false

        init(preferring version: GrantVersion?) {
            table = GrantTable(
                hypervisor: Live.hypervisor,
                window: Self.window(
                    at: PhysicalMemory.foreignAddress, pageCount: Self.tablePageCount,
                    BootInformation.grantTableFrames),
                preferring: version)
            // In the chunk after the table's: their page tables have nothing in common.
            mappings = ForeignMappings(
                hypervisor: Live.hypervisor,
                window: Self.window(
                    at: PhysicalMemory.foreignAddress + Chunk.byteCount,
                    pageCount: Self.foreignPageCount, BootInformation.foreignFrames),
                ownDomain: { Live.ownDomain })
        }

        private static func window(
            at address: UInt64, pageCount: Int, _ frames: FrameRange
        ) -> PageWindow {
            guard let start = UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
                preconditionFailure("no place for foreign pages")
            }
            let first = Live.mode == .pv ? nil : GuestFrame(rawValue: frames.start.rawValue)
            return PageWindow(start: start, pageCount: pageCount, firstFrame: first) {
                index, content in
                let page = address + UInt64(index * Page.byteCount)
                return show(content, at: page)
            }
        }

        private static func show(_ content: PageWindow.Content, at address: UInt64) -> Bool {
            guard let heap = Live.heap, heap.pointee.makeRoom(at: address) else { return false }
            switch content {
            case .room: break
            case .nothing: heap.pointee.source.tables.map(foreign: 0, at: address, .none)
            case .frame(let number, .readOnly):
                heap.pointee.source.tables.map(foreign: number, at: address, .readOnly)
            case .frame(let number, .readWrite):
                heap.pointee.source.tables.map(foreign: number, at: address, .readWrite)
            }
            return true
        }

        /// Takes over a grant in use; the frame goes back to the heap when its peer lets go.
        func quarantine(_ grant: consuming Grant, _ frame: PseudophysicalFrame) {
            quarantine(grant) { Live.heap.unsafelyUnwrapped.pointee.freeFrames(frame) }
        }

        /// Takes over a grant in use, and calls back once its peer has let go.
        func quarantine(_ grant: consuming Grant, _ whenReclaimed: @escaping () -> Void) {
            table.quarantine(grant, at: Live.now) { _ in whenReclaimed() }
            tend()
        }

        /// Ends a mapping; again and again, should Xen refuse.
        func unmap(_ mapping: consuming ForeignMapping) {
            mappings.unmap(mapping)
            if mappings.stuckCount > 0 { tend() }
        }

        /// Before the domain is suspended. No page of another domain may be mapped then.
        func prepareForSuspension() { table.prepareForSuspension() }

        /// After a suspension; in a new domain everything lent before is void.
        func recover(inNewDomain isNew: Bool) throws(GrantTable.LendError) {
            if isNew { Live.forgetOwnDomain() }
            try table.recover(inNewDomain: isNew)
        }

        /// Looks after what is not given back, from ten times a second to once in ten seconds,
        /// until all of it is.
        private func tend() {
            guard !isTending else { return }
            isTending = true
            retry(afterNanoseconds: Self.firstPauseNanoseconds)
        }

        private static let firstPauseNanoseconds: UInt64 = 100_000_000
        private static let longestPauseNanoseconds: UInt64 = 10_000_000_000

        private func retry(afterNanoseconds pause: UInt64) {
            // Not a task: an image keeps the code of all that are in it, used or not.
            let alarm = Alarm.call { [self] in
                let doneCount = table.retryQuarantine() + mappings.retryUnmapping()
                guard table.quarantineCount + mappings.stuckCount > 0 else {
                    isTending = false
                    return
                }
                let next = doneCount > 0 ? Self.firstPauseNanoseconds : pause * 2
                retry(afterNanoseconds: min(next, Self.longestPauseNanoseconds))
            }
            _ = Live.kernel.pointee.alarms.insert(alarm, at: Live.now + pause)
        }
    }

    extension Live {
        /// The version asked for before grants were first used; nil for whichever suffices.
        nonisolated(unsafe) static var preferredGrantVersion: GrantVersion?

        nonisolated(unsafe) private static var knownDomain: DomainID?

        /// This domain's number, which Xen tells by CPUID to those that are PVH.
        static var ownDomain: DomainID? {
            if let knownDomain { return knownDomain }
            let leaf = hypervisor.cpuid(UInt32(XEN_CPUID_FIRST_LEAF) + 4)
            guard leaf.eax & UInt32(XEN_HVM_CPUID_DOMID_PRESENT) != 0 else { return nil }
            knownDomain = DomainID(rawValue: UInt16(truncatingIfNeeded: leaf.ecx))
            return knownDomain
        }

        /// A resumed domain has another.
        static func forgetOwnDomain() { knownDomain = nil }

        static var grants: LiveGrants {
            if let grants = kernel.pointee.grants { return grants }
            let grants = LiveGrants(preferring: preferredGrantVersion)
            kernel.pointee.grants = grants
            return grants
        }
    }
#endif
