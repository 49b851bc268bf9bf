// What a test does to a running domain through its toolstack.

import Foundation
import RigTools

extension RunningDomain {
    /// Its number in Xen.
    public var domainID: Int? { Files.read(log).flatMap { XLOutput.domainID(in: $0) } }

    /// Takes it away.
    public func destroy() async throws(RigError) {
        if isXen {
            _ = try await rig.run("xl destroy \(name)")
        } else {
            try await order(Self.plainOrder("quit"))
        }
        _ = try await waitForEnd()
    }

    public func pause() async throws(RigError) { try await control(xl: "pause", qmp: "stop") }

    public func unpause() async throws(RigError) { try await control(xl: "unpause", qmp: "cont") }

    /// The processor time that it used, in steps of 0.1 s (Xen) or 0.01 s (QEMU's process).
    public func cpuTime() async throws(RigError) -> Duration {
        let script =
            isXen
            ? "xl list \(name) | awk 'NR == 2 { print $NF * 1000 }'"
            : "awk '{ print ($14 + $15) * 10 }' /proc/$(cat /run/apus/\(name).pid)/stat"
        let result = try await rig.run(script)
        guard result.succeeded, let milliseconds = Double(result.lastLine) else {
            throw .rigFailed("no processor time of \(name): \(result.lastLine)")
        }
        return .milliseconds(Int64(milliseconds))
    }

    private func control(xl: String, qmp: String) async throws(RigError) {
        guard isXen else { return try await order(Self.plainOrder(qmp)) }
        let result = try await rig.run("xl \(xl) \(name)")
        guard result.succeeded else { throw .rigFailed("xl \(xl): \(result.lastLine)") }
    }

    private static func plainOrder(_ name: String) -> String { "{\"execute\":\"\(name)\"}" }

    /// An order, as JSON, to the monitor of the QEMU that is this domain.
    func order(_ text: String) async throws(RigError) {
        _ = try await rig.run("echo \(Quoting.shell(text)) >/run/apus/\(name).orders")
    }
}
