// The live machine: the one place in the house that has global state, because the symbols that
// compilers and the Swift runtime call have no context to pass.
#if hasFeature(Embedded)
    import Hypercalls
    import Memory
    import GuestRuntime

    typealias LiveHeap = Heap<PhysicalMemory>

    /// What there is one of in a guest. Written at boot; after that by one vCPU that nothing
    /// interrupts.
    enum Live {
        static let hypervisor = Hypervisor(machine: nil)
        nonisolated(unsafe) static var mode = GuestMode.pv
        nonisolated(unsafe) static var bootTimeStamp: UInt64 = 0
        nonisolated(unsafe) static var mainTimeStamp: UInt64 = 0
        nonisolated(unsafe) static var heap: UnsafeMutablePointer<LiveHeap>?

        /// Ends the domain. There is nothing after this.
        static func powerDown(_ reason: ShutdownReason) -> Never {
            hypervisor.shutdown(reason)
            // Xen refused the reason, which it cannot refuse twice.
            hypervisor.shutdown(.crash)
            while true { hypervisor.yield() }
        }
        nonisolated(unsafe) static var q = ReadyQueue()
        static var executor: UnsafeMutablePointer<X> { UnsafeMutablePointer(&x) }
        static func turn() { if let j = q.pop() { unsafeBitCast(j, to: UnownedJob.self).runSynchronously(on: apusMainExecutor()) } else { hypervisor.yield() } }
        static func enqueue(_ j: UnownedJob, at: UInt64) {}
        static var now: UInt64 { 0 }
        static func takeOverConsole() {}
        static func drainConsole() {}
        static func writeEmergency(_ t: UnsafeRawBufferPointer) { hypervisor.writeEmergencyConsole(t) }
        static func start(_ g: BootInformation) {}
    }
    struct X { var ready = ReadyQueue() }
    nonisolated(unsafe) var x = X()
    func exitNormally(_ s: Int32) -> Never { EmergencyOutput.write("exit\n"); Live.powerDown(.powerOff) }
#endif
