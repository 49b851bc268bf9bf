// Our headers say what the distribution's say; and the comparison would notice if not.

import Foundation
import RigTools
import Testing

@Suite struct AgreementTests {
    /// Names of ours that Xen's headers do not have. Each needs a reason.
    private static let onlyOurs: Set<String> = []

    @Test func `every size, offset and value is the one in Xen's headers`() async throws {
        let comparison = try await Comparison(
            of: try Headers.ours(), with: try Headers.distribution(), using: try Toolchain())
        #expect(Set(comparison.unknown).subtracting(Self.onlyOurs).sorted() == [])
        #expect(Self.onlyOurs.subtracting(comparison.unknown).sorted() == [])
        #expect(comparison.different == [])
        // Nothing compared would be nothing different.
        #expect(comparison.sameCount > 800)
    }

    @Test(arguments: [
        ("shared_info.h", "uint32_t wc_nsec;", "uint64_t wc_nsec;"),
        ("grant_table.h", "uint16_t page_off;", "uint16_t pad, page_off;"),
        ("event_channel.h", "VIRQ_DEBUG 1", "VIRQ_DEBUG 2"),
        ("types.h", "typedef uint16_t domid_t;", "typedef uint32_t domid_t;"),
    ])
    func `a wrong declaration is reported`(file: String, right: String, wrong: String) async throws
    {
        let comparison = try await comparison(after: file, replacing: right, with: wrong)
        #expect(!comparison.different.isEmpty)
    }

    @Test func `a field and a constant that Xen does not have are reported`() async throws {
        let field = try await comparison(
            after: "sched.h", replacing: "uint32_t nr_ports;", with: "uint32_t port_count;")
        #expect(field.unknown == ["struct sched_poll.port_count"])
        let constant = try await comparison(
            after: "sched.h", replacing: "SCHEDOP_yield 0", with: "SCHEDOP_give_way 0")
        #expect(constant.unknown == ["SCHEDOP_give_way"])
        #expect(constant.different == [])
    }

    @Test func `missing headers are reported with the line that installs them`() {
        #expect {
            try Headers.distribution(in: "/nowhere")
        } throws: { error in
            "\(error)".contains("apt-get install libxen-dev")
        }
    }

    private func comparison(
        after file: String, replacing right: String, with wrong: String
    ) async throws -> Comparison {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let include = directory.appending("include")
        try FileManager.default.copyItem(
            at: Headers.root.appendingPathComponent("xen-headers/include"), to: include)
        let header = include.appendingPathComponent("xen/\(file)")
        let text = try #require(Files.read(header))
        try #require(text.contains(right))
        try Files.write(text.replacingOccurrences(of: right, with: wrong), to: header)
        return try await Comparison(
            of: try Headers.ours(in: include), with: try Headers.distribution(),
            using: try Toolchain())
    }
}
