// Starts child processes from one thread that lives as long as the process.
//
// A child asks the kernel to be killed when its parent dies (PR_SET_PDEATHSIG, by setpriv).
// "Parent" there is the thread that forked, not the process: a child started from a pool thread
// would die when the pool shrinks. So one thread starts them all, and never ends.
// Source: prctl(2), PR_SET_PDEATHSIG, CAVEATS.

import Foundation
import Synchronization

/// What a child is given: its program, its arguments, and its descriptors 0, 1, 2 and so on.
struct SpawnRequest: Sendable {
    let path: String
    let arguments: [String]
    let environment: [String]
    /// The parent's descriptors that become the child's 0, 1, 2, ... in order.
    let descriptors: [Int32]
}

final class Spawner: Sendable {
    static let shared = Spawner()

    private typealias Job = @Sendable () -> Void
    private let jobs = Mutex<[Job]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { [self] in
            while true {
                available.wait()
                jobs.withLock { $0.removeFirst() }()
            }
        }
        thread.name = "apus-spawner"
        thread.start()
    }

    /// Starts the child in a process group of its own. Fails with the errno of posix_spawn.
    func spawn(_ request: SpawnRequest) async -> Result<pid_t, Errno> {
        await withCheckedContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(returning: Self.start(request)) } }
            available.signal()
        }
    }

    private static func start(_ request: SpawnRequest) -> Result<pid_t, Errno> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Two steps, because a source may itself be one of the targets.
        let base: Int32 = 200
        for (target, source) in request.descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, base + Int32(target))
        }
        for target in request.descriptors.indices {
            posix_spawn_file_actions_adddup2(&actions, base + Int32(target), Int32(target))
        }
        // Nor may it have what others of this process left open: to mmdebstrap, whose shell knows
        // only descriptors of one digit, that is fatal.
        _ = closeAllFrom?(&actions, Int32(request.descriptors.count))
        var attributes = makeAttributes()
        defer { posix_spawnattr_destroy(&attributes) }

        let arguments = CStringArray([request.path] + request.arguments)
        let environment = CStringArray(request.environment)
        var pid: pid_t = 0
        let status = posix_spawn(
            &pid, request.path, &actions, &attributes, arguments.pointers, environment.pointers)
        return status == 0 ? .success(pid) : .failure(Errno(status))
    }

    private typealias CloseAllFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    /// `posix_spawn_file_actions_addclosefrom_np` of glibc 2.34, which its Swift module leaves out.
    private static let closeAllFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: CloseAllFrom.self)
    }

    /// A group of its own, so that the terminal's Ctrl-C reaches us alone and we end the group;
    /// default signal actions, because we may ignore some.
    private static func makeAttributes() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        return attributes
    }
}

/// A null-terminated array of C strings, freed with its owner.
private final class CStringArray {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
