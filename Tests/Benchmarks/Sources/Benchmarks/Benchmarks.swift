// The guest that `apus bench` measures: it takes orders on its console, one at a time.
//
// In: "N ORDER". Out: "bench: begin N", what the order has to say, "bench: end N STATUS".
// Sources/XenRig/Bench/BenchAnswer.swift is the other side.

import Apus
import BlockFront
import XenBus

@main
struct Benchmarks {
    static func main() async {
        let bus = DeviceBus(store: Guest.xenStore, timekeeper: Guest.timekeeper)
        let disks = Disks(on: Guest.devicePlatform, options: diskOptions())
        bus.register(disks)
        async let service: Void = bus.run()
        print("bench: ready")
        for await line in consoleLines {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            print("bench: begin \(words[0])")
            let isDone = await carryOut(Order(words[1]), disks)
            print("bench: end \(words[0]) \(isDone ? 0 : 1)")
        }
        bus.shutdown()
        await service
    }

    /// `off=` has parts of the protocol to do without, apart by commas, to see what each is worth.
    private static func diskOptions() -> DiskOptions {
        var options = DiskOptions()
        let off = (Guest.argument("off") ?? "").split(separator: ",")
        if off.contains("indirect") { options.indirectSegmentLimit = 0 }
        if off.contains("ring") { options.ringPageOrderLimit = 0 }
        if off.contains("merge") { options.mergesRequests = false }
        options.usesPersistentGrants = Guest.argument("persistent") == "1"
        return options
    }

    private static func carryOut(_ order: Order, _ disks: Disks) async -> Bool {
        switch order.verb {
        case "block": return await BlockWork.carryOut(order, disks)
        default:
            print("unknown order")
            return false
        }
    }
}

/// A verb and its `key=value` words.
struct Order {
    let verb: String
    private let words: [Substring]

    init(_ text: Substring) {
        let all = text.split(separator: " ")
        verb = all.first.map { String($0) } ?? ""
        words = Array(all.dropFirst())
    }

    func text(_ key: String) -> String? {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == key { return String(parts[1]) }
        }
        return nil
    }

    func number(_ key: String) -> Int? { text(key).flatMap { Int($0) } }
}
