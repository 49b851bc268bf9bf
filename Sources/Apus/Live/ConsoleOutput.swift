// The console as `print`, a crash and the run loop use it.
#if hasFeature(Embedded)
    import Clock
    import Console
    import Hypercalls

    extension Live {
        /// A daemon that took nothing for so long is taken for dead.
        private static let patienceNanoseconds: UInt64 = 5_000_000_000
        /// A daemon that took nothing for so long does not hold up a printing job.
        private static let stallNanoseconds: UInt64 = 500_000_000
        /// A printing job that does not yield is heard this often.
        private static let eventIntervalNanoseconds: UInt64 = 1_000_000

        /// Takes a byte of `print`. Waits for a reader that reads; of one that has stopped it
        /// makes itself independent after half a second, until it reads again.
        static func put(_ byte: UInt8) {
            guard let kernel = booted, kernel.pointee.console != nil else {
                return EmergencyOutput.write(byte)
            }
            if kernel.pointee.console?.isFull == true { waitForRoom() }
            guard kernel.pointee.console?.write(byte) == true else { return }
            let now = kernel.pointee.clock.now().nanoseconds
            if now - kernel.pointee.lastConsoleEvent > eventIntervalNanoseconds {
                kernel.pointee.lastConsoleEvent = now
                kernel.pointee.tellConsole()
            }
        }

        private static func waitForRoom() {
            let kernel = Live.kernel
            let isMoving = kernel.pointee.console?.pushOutput() ?? false
            guard isMoving || !kernel.pointee.hasReaderStalled else { return }
            kernel.pointee.hasReaderStalled = !waitForReader(stallNanoseconds) {
                let progress = kernel.pointee.console?.pushOutput() ?? false
                kernel.pointee.tellConsole()
                return (progress, kernel.pointee.console?.isFull == false)
            }
        }

        /// Puts bytes onto the console ahead of everything, waiting for room while it is read.
        static func writeAtOnce(_ bytes: UnsafeRawBufferPointer) {
            guard let kernel = booted, kernel.pointee.console != nil else {
                return hypervisor.writeEmergencyConsole(bytes)
            }
            var rest = Span<UInt8>(_unsafeBytes: bytes)
            waitForReader {
                let count = kernel.pointee.console?.writeAtOnce(rest) ?? 0
                rest = rest.extracting(count...)
                kernel.pointee.tellConsole()
                return (progress: count > 0, isDone: rest.isEmpty)
            }
        }

        /// Lets the reader take all output, as long as it takes some.
        static func drainConsole() {
            guard let kernel = booted else { return }
            var room = -1
            waitForReader {
                guard kernel.pointee.console != nil else { return (false, true) }
                kernel.pointee.console?.pushOutput()
                kernel.pointee.tellConsole()
                let now = kernel.pointee.console?.outputRoom() ?? 0
                defer { room = now }
                return (now != room, kernel.pointee.console?.isDrained() ?? true)
            }
        }

        /// Calls `step` until it is done, or has made no progress for too long: false then.
        @discardableResult
        private static func waitForReader(
            _ patience: UInt64 = patienceNanoseconds,
            _ step: () -> (progress: Bool, isDone: Bool)
        ) -> Bool {
            var start = now
            while true {
                let (progress, isDone) = step()
                if isDone { return true }
                let time = now
                if progress { start = time }
                if time - start > patience { return false }
                hypervisor.yield()
            }
        }
    }

    extension Kernel {
        /// Tells the daemon what it has not been told.
        mutating func tellConsole() {
            // Refused only when the toolstack closed the channel: then nobody reads.
            try? console?.sendOwedEvent(by: events)
        }

        /// Before a wait: whatever is printed is on its way.
        mutating func settleConsole() {
            guard console != nil else { return }
            console?.pushOutput()
            tellConsole()
        }
    }
#endif
