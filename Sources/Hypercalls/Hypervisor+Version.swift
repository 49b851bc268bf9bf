// Which Xen this is.
//
// Source: xen-headers/include/xen/version.h, XENVER_*.

import CXen

/// A Xen release, e.g. 4.20.
@frozen
public struct XenVersion: Hashable, Sendable, CustomStringConvertible {
    /// The number before the point.
    public let major: Int
    /// The number after the point.
    public let minor: Int

    /// The release with these two numbers.
    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Both numbers, e.g. `4.20`.
    public var description: String { "\(major).\(minor)" }
}

extension Hypervisor {
    /// Xen's release, or QEMU's claim of one.
    public func version() throws(XenError) -> XenVersion {
        let packed = try call(__HYPERVISOR_xen_version, UInt64(XENVER_version))
        return XenVersion(major: Int(packed >> 16), minor: Int(packed & 0xFFFF))
    }
}
