// Which vCPUs the toolstack wants online: `cpu/N/availability`, as `xl vcpu-set` writes it.
//
// Source: Xen's docs/misc/xenstore-paths.pandoc, ~/cpu/[0-9]+/availability.

import Hypercalls
import XenStore

/// Follows the toolstack's wishes for as long as it runs.
public final class VCPUAvailability: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let store: XenStoreClient
    private var vcpus: ParkedVCPUs
    private let say: (String) -> Void
    private var hasComplained = false

    /// - Parameters:
    ///   - vcpus: the domain's vCPUs beside the boot vCPU.
    ///   - say: a line for the console.
    public init(
        store: XenStoreClient, vcpus: consuming ParkedVCPUs, say: @escaping (String) -> Void
    ) {
        self.store = store
        self.vcpus = vcpus
        self.say = say
    }

    /// Starts the vCPUs that are wanted, and brings each up or takes it down as asked, until the
    /// task is cancelled or there is no store any more.
    public func run() async {
        let watch: XenStoreWatch
        do throws(XenStoreError) {
            watch = try await store.watch("cpu")
        } catch {
            // Nobody says that one is not wanted.
            vcpus.parkAll()
            return
        }
        while let path = await watch.next() {
            if let number = Self.number(inPath: path) {
                await follow(number)
            } else if path == "cpu" {
                await followAll()
            }
        }
        await watch.end()
    }

    /// The vCPU that `cpu/N/availability` is about; nil for all other paths.
    static func number(inPath path: String) -> UInt32? {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count <= 4, let digits = String(parts[1]),
            path == "cpu/\(digits)/availability"
        else { return nil }
        return UInt32(digits)
    }

    private func followAll() async {
        var number: UInt32 = 1
        // Ends: at the first vCPU that the domain does not have, or the limit.
        while number < ParkedVCPUs.limit, vcpus.exists(VCPUID(rawValue: number)) {
            await follow(number)
            number += 1
        }
    }

    private func follow(_ number: UInt32) async {
        let vcpu = VCPUID(rawValue: number)
        let wish = await wish(for: number)
        if number == 0 {
            if wish == false { complain("apus: vCPU 0 runs the application and stays") }
            return
        }
        // Where the store has no word about a vCPU, it is wanted.
        let isDone = vcpus.set(vcpu, isOnline: wish ?? true)
        if !isDone { complain("apus: a vCPU could not be brought up or taken down") }
    }

    private func wish(for number: UInt32) async -> Bool? {
        do throws(XenStoreError) {
            switch try await store.readIfPresent("cpu/\(number)/availability") {
            case "online": return true
            case "offline": return false
            default: return nil
            }
        } catch {
            return nil
        }
    }

    private func complain(_ line: String) {
        if !hasComplained { say(line) }
        hasComplained = true
    }
}
