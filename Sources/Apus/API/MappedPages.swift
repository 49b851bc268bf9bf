// Pages that other domains lend to the application, mapped or copied.

import Grants
import Hypercalls

/// Pages of another domain, next to each other, until this value ends.
///
/// The other domain may change them at any time: copy, then check, then use.
public struct MappedPages: ~Copyable {
    private let mapping: ForeignMapping

    /// Maps pages that `domain` lends to this one. A PVH domain cannot map its own, which are
    /// `unavailable`.
    ///
    /// - Parameter references: at least one, in the order in which the pages are to lie.
    public init(
        _ references: [GrantReference], of domain: DomainID, _ access: GrantAccess = .readWrite
    ) throws(SharingError) {
        mapping = try PageSharing.map(references, of: domain, access)
    }

    deinit { PageSharing.unmap(mapping) }

    /// The pages' bytes, as long as this value lasts. To write to what is mapped for reading
    /// ends the guest.
    public var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: mapping.start, count: mapping.pageCount * Page.byteCount)
    }

    /// Whose pages they are.
    public var domain: DomainID { mapping.domain }
}

extension CopyBatch {
    /// Has Xen do the copies, in order; ``CopyBatch/status(at:)`` says what came of each.
    public mutating func run() throws(SharingError) {
        do throws(XenError) {
            try run(on: PageSharing.hypervisor)
        } catch {
            throw .unavailable(error)
        }
    }
}

extension Guest {
    /// Asks for a version of the grant table; without, it is the lowest that suffices. Xen may
    /// not have 2.
    ///
    /// - Returns: false when grants are in use already, and the version settled.
    public static func preferGrantVersion(_ version: GrantVersion) -> Bool {
        PageSharing.prefer(version)
    }

    /// The version of the grant table; nil before anything was lent.
    public static var grantVersion: GrantVersion? { PageSharing.version }

    /// Lent pages that were dropped and that their peers have not let go of.
    public static var quarantine: QuarantineStatistics { PageSharing.quarantineStatistics }
}
