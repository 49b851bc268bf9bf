// A disk that grows or shrinks under a running domain.
// Source: QEMU's QMP reference, block_resize.

import Foundation
import RigTools

extension RunningDomain {
    /// Gives a disk that this domain has another size, in the way of what backs it.
    ///
    /// QEMU tells the guest at once; of Linux's blkback see `Rig.resizeDisk(_:mebibytes:)`.
    public func resize(_ disk: Disk, mebibytes: Int) async throws(RigError) {
        switch (rig.kind, disk.backend) {
        case (.xen, .blkback):
            try await rig.resizeDisk(disk.path, mebibytes: mebibytes)
        case (.xen, .qemu):
            // libxl names the node after the device.
            let arguments = Self.resizing(node: "\(disk.device)-raw", mebibytes: mebibytes)
            try await orderXLsQEMU("block_resize", arguments)
        case (.qemuXen, _):
            let arguments = #""device":"\#(disk.device)","size":\#(mebibytes << 20)"#
            try await order(#"{"execute":"block_resize","arguments":{\#(arguments)}}"#)
        }
    }

    private static func resizing(node: String, mebibytes: Int) -> String {
        #"{"node-name":"\#(node)","size":\#(mebibytes << 20)}"#
    }

    /// Through the monitor that libxl made for itself, which it uses for a moment at a time.
    private func orderXLsQEMU(_ name: String, _ arguments: String) async throws(RigError) {
        guard let domainID else { throw .rigFailed("\(self.name) has no number") }
        let orders = [
            #"{"execute":"qmp_capabilities"}"#,
            #"{"execute":"\#(name)","arguments":\#(arguments)}"#,
        ]
        let words = orders.map(Quoting.shell).joined(separator: " ")
        let socket = "UNIX-CONNECT:/run/xen/qmp-libxl-\(domainID)"
        let result = try await rig.run(
            """
            answers=$({ printf '%s\\n' \(words); sleep 1; } | socat -t 5 - \(socket))
            echo "$answers"
            [ "$(echo "$answers" | grep -c '"return"')" = \(orders.count) ]
            """)
        guard result.succeeded else { throw .rigFailed("QEMU: \(result.lastLine)") }
    }
}
