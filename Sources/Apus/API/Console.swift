// The application's side of the console: `print` out, lines in.
#if hasFeature(Embedded)
    import Console

    extension ConsoleLines {
        static func nextLine() async -> String? {
            if let line = Live.kernel.pointee.console?.nextLine() {
                Live.kernel.pointee.tellConsole()
                return line
            }
            let id = Live.kernel.pointee.makeWaiterID()
            return await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    guard !Task.isCancelled else { return continuation.resume(returning: nil) }
                    Live.kernel.pointee.lineWaiters.append(
                        LineWaiter(id: id, continuation: continuation))
                }
            } onCancel: {
                Live.kernel.pointee.removeWaiter(id)?.resume(returning: nil)
            }
        }
    }

    /// A task that waits for a line.
    struct LineWaiter {
        let id: UInt64
        let continuation: UnsafeContinuation<String?, Never>
    }

    extension Kernel {
        mutating func makeWaiterID() -> UInt64 {
            lastWaiterID += 1
            return lastWaiterID
        }

        mutating func removeWaiter(_ id: UInt64) -> UnsafeContinuation<String?, Never>? {
            guard let index = lineWaiters.firstIndex(where: { $0.id == id }) else { return nil }
            return lineWaiters.remove(at: index).continuation
        }

        /// Gives lines that have come to those who wait for them.
        mutating func serveLines() {
            while !lineWaiters.isEmpty, let line = console?.nextLine() {
                lineWaiters.removeFirst().continuation.resume(returning: line)
            }
        }
    }
#endif
