// The report of a crash once more, for the store: what a toolstack shows of a domain that it keeps.
#if hasFeature(Embedded)
    import CXen
    import Hypercalls
    import XenStore

    /// The words of a report, as they are written to the console.
    enum CrashRecord {
        private static let capacity = 1536
        private static let patienceNanoseconds: UInt64 = 2_000_000_000

        nonisolated(unsafe) private static var text = InlineArray<1536, UInt8>(repeating: 0)
        nonisolated(unsafe) private static var count = 0
        nonisolated(unsafe) private static var isRecording = false
        /// Where the first line ends, and where the backtrace starts.
        nonisolated(unsafe) private static var lineEnd = 0
        nonisolated(unsafe) private static var traceStart = 0

        static func begin() { isRecording = true }

        /// What comes now is the backtrace.
        static func beginTrace() { traceStart = count }

        static func append(_ byte: UInt8) {
            guard isRecording, count < capacity else { return }
            if byte == UInt8(ascii: "\n"), lineEnd == 0 { lineEnd = count }
            text[count] = byte
            count += 1
        }

        /// Puts everything under `data/crash`, if there is a store that reads.
        static func publish(_ reason: StaticString) {
            isRecording = false
            guard var store = writer() else { return }
            let end = Live.now + patienceNanoseconds
            func isOverdue() -> Bool {
                Live.hypervisor.yield()
                return Live.now >= end
            }
            let bytes = text.span
            store.write(
                "data/crash/message", bytes.extracting(0..<min(lineEnd, count)),
                isOverdue: isOverdue)
            store.write(
                "data/crash/backtrace", bytes.extracting(traceStart..<count), isOverdue: isOverdue)
            let word = UnsafeBufferPointer(
                start: reason.utf8Start, count: reason.utf8CodeUnitCount)
            // Last: who sees it finds the others there.
            store.write("data/crash/reason", word.span, isOverdue: isOverdue)
        }

        /// Behind the client, or, where nobody has asked for one yet, on the ring itself.
        private static func writer() -> EmergencyStoreWriter? {
            guard let kernel = Live.booted else { return nil }
            if let client = kernel.pointee.store { return EmergencyStoreWriter(after: client) }
            guard let given = kernel.pointee.information.store,
                let ring = UnsafeMutablePointer<xenstore_domain_interface>(
                    bitPattern: UInt(given.page.address))
            else { return nil }
            return EmergencyStoreWriter(ring) {
                guard let given = Live.kernel.pointee.information.store else { return }
                try? Live.hypervisor.send(given.port)
            }
        }
    }
#endif
