// The life of a device as its frontend sees it: facts in, actions out. No store, no clock, no task.
//
// The order of a close is what keeps memory safe: the driver ends its requests, then Closing is
// written; the backend answers, then Closed is written; the backend has let go, then the driver
// takes its pages back, and only then may the device open again.
// Source: Xen public/io/blkif.h, "STATE DIAGRAMS"; docs/misc/xenstore-paths.pandoc.

/// A frontend's side of the handshake with one backend, through any number of connections.
///
/// Inputs go to ``handle(_:)``; what it returns is to be done in order. Times are not known here:
/// whoever drives it watches ``wait`` and ``phaseCount`` and says when a wait has lasted too long.
public struct FrontendMachine: Hashable, Sendable {
    /// Faults without a quiet minute between them after which a device stays closed.
    public static var faultLimit: Int { 3 }

    /// Where the device is in its life.
    public enum Phase: Hashable, Sendable, CaseIterable {
        /// The driver has not asked for a connection yet; the state is as it was found.
        case idle
        /// Initialising: waits for the backend to be ready.
        case waiting
        /// Initialising: the driver prepares what it publishes.
        case connecting
        /// Initialised or Connected: the keys are in the store, the backend is to connect.
        case published
        /// Connected, both ends.
        case connected
        /// Connected, then Reconfiguring: the backend changes parts of the device.
        case reconfiguring
        /// As before, but the driver has been asked to end what is in flight.
        case finishing
        /// Closing: the backend is to answer.
        case closing
        /// Closed: the backend is to let go.
        case closed
        /// Closed: the driver takes back what it had lent.
        case releasing
        /// Closed: nothing is held by either end.
        case dormant
        /// Over.
        case ended
    }

    /// What the driver is doing.
    public enum DriverStage: Hashable, Sendable, CaseIterable {
        /// Has not asked for a connection.
        case idle
        /// Asks for one, and holds nothing of an earlier one.
        case asking
        /// Has one, and may have requests in flight.
        case busy
        /// Has one, with nothing in flight.
        case quiet
        /// Has been told that the backend let go.
        case releasing
        /// Has returned, or never was.
        case gone
    }

    /// What is waited for, for whoever keeps the time.
    public enum Wait: Hashable, Sendable, CaseIterable {
        /// The backend's InitWait. Nothing is held meanwhile.
        case backendReady
        /// The backend's Connected.
        case backendConnected
        /// The driver's last requests.
        case driver
        /// The backend's answer to Closing.
        case backendClosing
        /// The backend's answer to Closed.
        case backendClosed
        /// The pause between a fault and the next attempt.
        case retry
        /// A time without faults, after which those of before are forgotten.
        case probation
    }

    /// Why a driver has to give a connection up.
    public enum FinishReason: Hashable, Sendable {
        /// The backend closes, or the toolstack by its hand.
        case backendCloses
        /// The backend's directory or its state is gone, or it has started anew.
        case backendGone
        /// The backend did what the protocol does not have, or nothing for too long.
        case backendFaulty
        /// The device's directory is gone, or was made anew.
        case removed
        /// This domain wants to close.
        case detached
    }

    /// What became of the backend's hold on what the driver had lent.
    public enum CloseOutcome: Hashable, Sendable {
        /// It has let go of everything, if it keeps to the protocol.
        case released
        /// It has not answered in its time. Pages may still be in use, and then have to be kept.
        case silent
        /// Nobody can be asked: the device's directory is gone.
        case removed
    }

    /// How a device ended.
    public enum Ending: Hashable, Sendable {
        /// The toolstack took it away.
        case removed
        /// This domain left it, Closed.
        case detached
    }

    /// What can happen.
    public enum Input: Hashable, Sendable {
        /// The backend's state as read from the store, and whether its `online` is other than 0.
        /// Also when it is the same as before: that the state was written again is an event.
        case backend(StateReading, isOnline: Bool)
        /// This end's state as read from the store, where others may write, too.
        case own(StateReading)
        /// The driver asks for a connection; what it had of an earlier one is returned.
        case asked
        /// The driver's keys are in the store, and this state with them.
        case published(XenbusState)
        /// The driver has put aside what the backend wants to change.
        case reconfigured
        /// The driver has nothing in flight: the connection is to be closed.
        case quiesced
        /// The driver cannot go on; it will say ``quiesced`` when it is ready to close.
        case failed(DeviceFault)
        /// The driver has returned and holds nothing.
        case left
        /// This domain gives the device up.
        case detach
        /// What ``FrontendMachine/wait`` names has lasted too long.
        case timedOut
    }

    /// What is to be done.
    public enum Action: Hashable, Sendable {
        /// Write this end's state, unless the directory is gone.
        case write(XenbusState)
        /// Read the backend's state, even if nothing says that it changed.
        case look
        /// Give the driver a connection, for which it makes and publishes its keys.
        case connect
        /// Tell the driver that the backend is connected.
        case established
        /// Tell the driver that the backend announced a change of its keys.
        case keysChanged
        /// Ask the driver to put aside what the backend wants to change.
        case reconfiguring
        /// Tell the driver that the backend has changed parts of the device.
        case reconfigured
        /// Ask the driver to end what is in flight.
        case finish(FinishReason)
        /// The driver's time to do so is over.
        case force
        /// Have the driver take back what it lent.
        case release(CloseOutcome)
        /// Write the fault where the toolstack's user can see it.
        case report(DeviceFault)
        /// Nothing more will come.
        case end(Ending)
    }

    /// Where the device is.
    public internal(set) var phase = Phase.idle
    /// Counts phases, so that a time-out can be told from one of a later wait.
    public internal(set) var phaseCount: UInt32 = 0
    /// This end's state, as last written or found.
    public internal(set) var own: StateReading
    /// The backend's state as last read.
    public internal(set) var backend = StateReading.absent
    /// Whether the toolstack means the backend to stay.
    public internal(set) var isOnline = true
    /// What the driver is doing.
    public internal(set) var driver = DriverStage.idle
    /// Faults since the last quiet time, up to the limit.
    public internal(set) var faultCount = 0
    /// States written by the backend or the toolstack that mean nothing where they came.
    public internal(set) var ignoredCount: UInt32 = 0

    var isRemoved = false
    var isDetaching = false
    /// Others have written this end's state.
    var isReset = false
    var hasTimedOut = false
    /// Whether the backend's state was read since this end last wrote that it closes. A backend
    /// that begins anew finds the keys of the old connection, and may map them until then.
    var isBackendFresh = false
    /// A driver that was late finds here what it will be told.
    var outcome: CloseOutcome?

    /// A device whose own state was found to be `own`: Initialising when the toolstack made it,
    /// others when something ran here before.
    public init(found own: StateReading) {
        self.own = own
        isRemoved = own == .absent
    }

    /// Takes in what has happened; returns what is to be done, in order.
    public mutating func handle(_ input: Input) -> [Action] {
        guard phase != .ended else { return [] }
        var actions: [Action] = []
        take(input, &actions)
        // Each step enters a phase further on its way; no way has more than a round of phases.
        for _ in 0..<2 * Phase.allCases.count {
            let before = phaseCount
            step(&actions)
            if phaseCount == before { break }
        }
        return actions
    }

    mutating func enter(_ next: Phase) {
        phase = next
        phaseCount &+= 1
        hasTimedOut = false
    }

    /// Orders a state to be written; not one that is there already, nor where nothing is left.
    mutating func write(_ state: XenbusState, _ actions: inout [Action]) {
        guard !isRemoved, own != .state(state) else { return }
        own = .state(state)
        actions.append(.write(state))
    }

    mutating func count(_ fault: DeviceFault, _ actions: inout [Action]) {
        faultCount = min(faultCount + 1, Self.faultLimit)
        if !isRemoved { actions.append(.report(fault)) }
    }
}

extension FrontendMachine.Phase {
    /// As a part of a sentence.
    var words: String {
        switch self {
        case .idle: "idle"
        case .waiting: "waiting"
        case .connecting: "connecting"
        case .published: "published"
        case .connected: "connected"
        case .reconfiguring: "reconfiguring"
        case .finishing: "finishing"
        case .closing: "closing"
        case .closed: "closed"
        case .releasing: "releasing"
        case .dormant: "dormant"
        case .ended: "ended"
        }
    }
}
