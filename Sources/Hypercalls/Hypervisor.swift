// The way to Xen: one typed function per operation, in an extension per subject.
//
// A guest has one hypervisor, under it; a host test makes as many as it likes, each with a
// model of Xen behind it.

import CArch
import CXen
@_exported import XenTypes

/// Whom hypercalls go to. A value of one pointer, free to copy; on a guest it holds nothing.
@frozen
public struct Hypervisor: @unchecked Sendable {
    // Unchecked: the table is written before the first call and never again.
    @usableFromInline let machine: UnsafePointer<apus_machine>?

    /// The hypervisor under `machine`; nil is the one a guest runs on.
    public init(machine: UnsafePointer<apus_machine>?) { self.machine = machine }

    @inline(__always)
    func call(
        _ number: Int32, _ a1: UInt64 = 0, _ a2: UInt64 = 0, _ a3: UInt64 = 0, _ a4: UInt64 = 0
    ) throws(XenError) -> Int64 {
        try XenError.check(
            apus_hypercall(machine, UInt32(bitPattern: number), a1, a2, a3, a4, 0))
    }

    /// Calls an operation that takes its arguments in a structure, and may answer in it.
    @inline(__always)
    func call<Argument>(
        _ number: Int32, _ operation: Int32, _ argument: inout Argument
    ) throws(XenError) -> Int64 {
        let result = withUnsafeMutablePointer(to: &argument) { pointer in
            apus_hypercall(
                machine, UInt32(bitPattern: number), UInt64(bitPattern: Int64(operation)),
                UInt64(UInt(bitPattern: pointer)), 0, 0, 0)
        }
        return try XenError.check(result)
    }
}
