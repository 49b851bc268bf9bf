// The hypervisor's own console: for words said before the domain's console exists.
//
// Source: xen-headers/include/xen/console.h, CONSOLEIO_write.

import CXen

extension Hypervisor {
    /// Writes to Xen's console. A release build of Xen drops what a domU says here.
    public func writeEmergencyConsole(_ text: UnsafeRawBufferPointer) {
        guard let base = text.baseAddress else { return }
        _ = try? call(
            __HYPERVISOR_console_io, UInt64(CONSOLEIO_write), UInt64(text.count),
            UInt64(UInt(bitPattern: base)))
    }
}
