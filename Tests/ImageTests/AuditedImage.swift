// Where the audited image comes from: the smallest example, built as `apus run` builds it, or
// the file that APUS_TEST_IMAGE names.

import Foundation
import RigTools
import XenRig

enum AuditedImage {
    static let root = Checkout.root()

    /// A finished guest image, with its symbols.
    static func unstripped() async throws -> URL {
        if let path = ProcessInfo.processInfo.environment["APUS_TEST_IMAGE"] {
            return URL(fileURLWithPath: path)
        }
        let package = try await GuestPackage.find("Hello", in: root)
        return try await GuestBuild(package).build().unstripped
    }
}
