// Xen in a process: the machine under `arch.h`, with all its state in one object.
//
// A model and a seed determine a run. There are no threads: time moves when the guest blocks or
// the test says so. The guest is domain 1; the other domains are played by the test.
// Source: xen-headers; where the headers are silent, what Xen 4.20 is known to do.

import CArch
import CXen
import Hypercalls
import SeededRandomness

/// A model of Xen with one guest of one vCPU. Keep it alive for as long as its guest runs.
public final class ModelXen {
    /// The guest's own number.
    public static let guest = DomainID(rawValue: 1)

    /// How the run has gone.
    public enum Outcome: Equatable, Sendable {
        /// The guest runs.
        case running
        /// The guest asked to end, for this reason (`SHUTDOWN_*`).
        case shutDown(reason: UInt32)
        /// The guest blocked with nothing left that could wake it.
        case blockedForever
    }

    /// One kind of hypercall. `operation` is 0 where a hypercall has none (set_timer_op).
    public struct Call: Hashable, Sendable {
        /// `__HYPERVISOR_*`.
        public let number: Int32
        /// For instance `EVTCHNOP_*`.
        public let operation: Int32

        /// The kind with these two numbers.
        public init(_ number: Int32, _ operation: Int32 = 0) {
            self.number = number
            self.operation = operation
        }
    }

    /// What this Xen is like. Change it before the guest looks.
    public struct Configuration: Sendable {
        /// Whether EVTCHNOP_init_control is known.
        public var hasFIFO = true
        /// Open ports that the guest may have (xl's default).
        public var portLimit = 1023
        /// vCPUs that the domain has; the guest runs on the first.
        public var vcpuCount: UInt32 = 1
        /// The machine's highest frame that is memory.
        public var highestMachineFrame: UInt64 = 0x40_0000
        /// Frames that the guest's grant table may have (xl's default).
        public var grantFrameLimit = 64
        /// Whether the guest may have a version 2 table.
        public var hasGrantVersion2 = true
        /// Whether the guest can map and copy what others lend it. QEMU's emulation has neither.
        public var hasGrantMapping = true
        /// Pages of others that the guest may have mapped (xl's `max_maptrack_frames`).
        public var mappingLimit = 1024
        /// The release, and what follows its numbers.
        public var version = XenVersion(major: 4, minor: 20)
        /// At most 15 bytes.
        public var extraVersion = ".0"
        /// The bits of feature map 0, `XENFEAT_*`.
        public var features: UInt32 = 1 << UInt32(XENFEAT_auto_translated_physmap)
        /// Address, byte count and type of each piece of the memory map.
        public var memoryMap: [MemoryRegion] = [MemoryRegion(start: 0, byteCount: 32 << 20)]
        /// What one hypercall takes.
        public var hypercallNanoseconds: UInt64 = 0
        /// What one reading of the TSC takes.
        public var timeStampNanoseconds: UInt64 = 0

        /// An ordinary Xen 4.20 that takes no time.
        public init() {}
    }

    /// What this Xen is like.
    public var configuration: Configuration
    /// How the run has gone so far.
    public internal(set) var outcome = Outcome.running
    /// Every hypercall so far, refused ones included.
    public internal(set) var callCounts: [Call: Int] = [:]
    /// Hypercalls that this model does not know: each got ENOSYS.
    public internal(set) var unknownCalls: Set<Call> = []
    /// All of this run's randomness.
    public var generator: SeededGenerator

    // Memory
    let arena = ModelArena()
    var ownPages: [UnsafeMutableRawPointer] = []
    /// The guest's shared page, where Xen has it now.
    public internal(set) var sharedInfo: UnsafeMutablePointer<shared_info>
    /// The boot vCPU's part, in the shared page or where the guest registered it.
    public internal(set) var vcpuInfo: UnsafeMutablePointer<vcpu_info>
    var frames: Set<GuestFrame> = []
    /// A PV guest's memory and its page tables; nil for a guest whose tables are its own.
    public var guestMemory: ModelMemory?
    /// How often the guest had all translations dropped.
    public internal(set) var flushCount = 0
    /// The other vCPUs that Xen was told about.
    var vcpus: [UInt32: ModelVCPU] = [:]
    // Grants
    let grants = ModelGrants()
    var peers: [DomainID: ModelPeer] = [:]
    // Events
    var ports: [DomainID: [Port: ModelPort]] = [:]
    /// Where to start looking for a closed port: a shortcut, right or too low.
    var lowestFreePorts: [DomainID: UInt32] = [:]
    var fifo: FIFODelivery?
    var peerEvents: [PeerEvent] = []
    var peerHandlers: [PeerEvent: () -> Void] = [:]
    // Time
    /// System time; a guest starts one second after its host.
    public internal(set) var nanoseconds: UInt64 = 1_000_000_000
    /// When the one-shot timer fires; nil while it is stopped.
    public internal(set) var timerDeadline: UInt64?
    /// The next first.
    /// When each of the domain's two watchdogs ends it.
    var watchdogs: [UInt64?] = [nil, nil]
    var actions: [ScheduledAction] = []
    var vainBlockCount = 0
    /// Runs before each reading of the TSC: where a test plays Xen at work under a reader.
    public var onTimeStamp: (() -> Void)?
    /// Called when the guest blocks for ever, instead of the default of a trap at the hundredth
    /// time; a test throws its guest away here.
    public var onBlockedForever: (() -> Void)?
    // Faults
    var faults: [Fault] = []
    // Devices of the machine
    /// What the guest wrote to Xen's own console.
    public internal(set) var consoleOutput: [UInt8] = []
    /// What the guest will read from it.
    public var consoleInput: [UInt8] = []
    /// The values behind `HVM_PARAM_*`; 0 where there is none.
    public var parameters: [UInt32: UInt64] = [:]
    /// The vector that the guest set for its vCPU's upcalls.
    public internal(set) var upcallVector: UInt8?
    /// What CPUID answers, by leaf; zeros where there is nothing.
    public var cpuidLeaves: [UInt32: apus_cpuid] = [:]
    /// Whether RDRAND and RDSEED have a word ready.
    public var hasHardwareRandom = true
    /// Addresses whose translations the guest dropped, in order.
    public internal(set) var flushedAddresses: [UInt64] = []
    /// The last value that the guest wrote to each I/O port.
    public internal(set) var writtenPorts: [UInt16: UInt8] = [:]

    private let table = UnsafeMutablePointer<apus_machine>.allocate(capacity: 1)

    /// A fresh guest on a fresh Xen.
    public init(seed: UInt64 = 0, configuration: Configuration = Configuration()) {
        self.configuration = configuration
        generator = SeededGenerator(seed: seed)
        let page = Self.allocatePage()
        ownPages = [page]
        sharedInfo = page.bindMemory(to: shared_info.self, capacity: 1)
        vcpuInfo = page.bindMemory(to: vcpu_info.self, capacity: 1)
        table.initialize(to: Self.makeTable(context: Unmanaged.passUnretained(self).toOpaque()))
        writeTime()
        writeWallClock(seconds: 1_700_000_000, nanoseconds: 0)
    }

    deinit {
        table.deallocate()
        for page in ownPages { page.deallocate() }
    }

    /// The way to this Xen. Valid while the model lives.
    public var hypervisor: Hypervisor { Hypervisor(machine: UnsafePointer(table)) }

    /// The table of the machine, for a test that calls `apus_hypercall` itself.
    public var machine: UnsafePointer<apus_machine> { UnsafePointer(table) }

    /// How many hypercalls of a kind there have been.
    public func count(of call: Call) -> Int { callCounts[call] ?? 0 }
    /// How many hypercalls of any kind there have been.
    public var hypercallCount: Int { callCounts.values.reduce(0, +) }
}
