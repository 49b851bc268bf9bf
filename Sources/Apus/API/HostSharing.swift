// Pages in a process: memory like any other, and nobody to lend it to.
#if !hasFeature(Embedded)
    import Grants
    import Hypercalls

    enum PageSharing {
        static var hypervisor: Hypervisor { Hypervisor(machine: nil) }

        static func takePage() -> UnsafeMutableRawPointer? {
            let page = UnsafeMutableRawPointer.allocate(
                byteCount: Page.byteCount, alignment: Page.byteCount)
            page.initializeMemory(as: UInt8.self, repeating: 0, count: Page.byteCount)
            return page
        }

        static func freePage(_ start: UnsafeMutableRawPointer) { start.deallocate() }

        static func frame(of start: UnsafeMutableRawPointer) -> GuestFrame {
            GuestFrame(rawValue: UInt64(UInt(bitPattern: start)) >> Page.shift)
        }

        static func lend(
            _ start: UnsafeMutableRawPointer, to peer: DomainID, _ access: GrantAccess
        ) throws(SharingError) -> Grant { throw .unavailable(.notImplemented) }

        static func revoke(_ grant: consuming Grant) -> Revocation { .stillInUse(grant) }

        static func quarantine(_ grant: consuming Grant, _ start: UnsafeMutableRawPointer) {
            preconditionFailure("nothing is lent in a process")
        }

        static func map(
            _ references: [GrantReference], of domain: DomainID, _ access: GrantAccess
        ) throws(SharingError) -> ForeignMapping { throw .unavailable(.notImplemented) }

        static func unmap(_ mapping: consuming ForeignMapping) {
            preconditionFailure("nothing is mapped in a process")
        }

        static func prefer(_ version: GrantVersion) -> Bool { false }

        static var version: GrantVersion? { nil }

        static var quarantineStatistics: QuarantineStatistics { QuarantineStatistics() }
    }
#endif
