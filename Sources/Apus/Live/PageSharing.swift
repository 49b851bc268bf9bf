// What the application's pages are made of: frames of the heap, and the live grants.
#if hasFeature(Embedded)
    import Grants
    import Hypercalls
    import Memory

    enum PageSharing {
        static var hypervisor: Hypervisor { Live.hypervisor }

        static func takePage() -> UnsafeMutableRawPointer? {
            guard let heap = Live.heap, let frame = heap.pointee.allocateFrames(1) else {
                return nil
            }
            let page = UnsafeMutableRawPointer(bitPattern: UInt(frame.address)).unsafelyUnwrapped
            page.initializeMemory(as: UInt8.self, repeating: 0, count: Page.byteCount)
            return page
        }

        static func freePage(_ start: UnsafeMutableRawPointer) {
            Live.heap.unsafelyUnwrapped.pointee.freeFrames(own(start))
        }

        static func frame(of start: UnsafeMutableRawPointer) -> GuestFrame {
            Live.heap.unsafelyUnwrapped.pointee.source.tables.guestFrame(of: own(start))
        }

        private static func own(_ start: UnsafeMutableRawPointer) -> PseudophysicalFrame {
            PseudophysicalFrame(containing: UInt64(UInt(bitPattern: start)))
        }

        static func lend(
            _ start: UnsafeMutableRawPointer, to peer: DomainID, _ access: GrantAccess
        ) throws(SharingError) -> Grant {
            do throws(GrantTable.LendError) {
                return try Live.grants.table.lend(frame(of: start), to: peer, access)
            } catch {
                throw SharingError(error)
            }
        }

        static func revoke(_ grant: consuming Grant) -> Revocation {
            Live.grants.table.revoke(grant)
        }

        static func quarantine(_ grant: consuming Grant, _ start: UnsafeMutableRawPointer) {
            Live.grants.quarantine(grant, own(start))
        }

        static func map(
            _ references: [GrantReference], of domain: DomainID, _ access: GrantAccess
        ) throws(SharingError) -> ForeignMapping {
            do throws(ForeignMappings.MapError) {
                return try Live.grants.mappings.map(references, of: domain, access)
            } catch {
                throw SharingError(error)
            }
        }

        static func unmap(_ mapping: consuming ForeignMapping) { Live.grants.unmap(mapping) }

        static func prefer(_ version: GrantVersion) -> Bool {
            guard Live.kernel.pointee.grants == nil else { return false }
            Live.preferredGrantVersion = version
            return true
        }

        static var version: GrantVersion? { Live.kernel.pointee.grants?.table.version }

        static var quarantineStatistics: QuarantineStatistics {
            // Without making a table: its version is still open.
            Live.kernel.pointee.grants?.table.quarantineStatistics ?? QuarantineStatistics()
        }
    }

    extension SharingError {
        init(_ error: GrantTable.LendError) {
            switch error {
            case .exhausted: self = .noGrantLeft
            case .outOfMemory: self = .outOfMemory
            case .frameTooHigh: self = .unavailable(.notSupported)
            case .refused(.hypercall(let error)): self = .unavailable(error)
            case .refused(.status(let status)): self = .refused(status, index: 0)
            }
        }

        init(_ error: ForeignMappings.MapError) {
            switch error {
            case .noRoom: self = .noRoom
            case .outOfMemory: self = .outOfMemory
            case .ownPages: self = .unavailable(.notSupported)
            case .failed(let error): self = .unavailable(error)
            case .refused(let status, let index): self = .refused(status, index: index)
            }
        }
    }
#endif
