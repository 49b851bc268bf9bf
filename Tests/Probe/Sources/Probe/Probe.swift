// One guest for all boot tests: its first argument says what it is to show.
//
// A subject ends with exit status 0 when all that it checked held. Else it says
// "probe: WHAT FAILED" and ends with 1 at once.

import Apus

@main
struct Probe {
    static func main() async {
        switch Guest.arguments.first ?? "" {
        case "async": await tasks()
        case "streams": await streams()
        case "sleep": await sleeps()
        case "clock": readClocks()
        case "idle": await idle()
        case "echo": await echo()
        case "flood": await flood()
        case "arguments": showArguments()
        case "memory": fillMemory()
        case "random": showRandomNumbers()
        case "exit": exit()
        case "events": print("events: \(Guest.eventInterface)")
        case "cost": print("ticks to main: \(Guest.bootTickCount)")
        case "linger": await linger()
        case "decide": await decide()
        case "tidy": tidyUp()
        case "stuck": await getStuck()
        case "store": await useStore()
        case "watches": await makeWatches()
        case "rival": await outdoRival()
        case "devices": await serveDevices()
        case "network": await serveNetwork()
        case "disk": await fillDisk()
        case "disk-speed": await measureDisk()
        case "disk-script": await obeyDisks()
        case "journal": await keepJournal()
        case "grants": lendMany()
        case "self": await lendToSelf()
        case "lender": await lendToPeer()
        case "borrower": await borrowFromPeer()
        case "exhaust": exhaustMemory()
        default: fail()
        }
    }

    /// Ends with status 1 unless `holds`.
    static func require(_ holds: Bool, _ what: @autoclosure () -> String) {
        if holds { return }
        print("probe: \(what())")
        Guest.exit(1)
    }

    /// The number that an argument must be.
    static func number(at index: Int) -> Int {
        let words = Guest.arguments
        let number = index < words.count ? Int(words[index]) : nil
        require(number != nil, "argument \(index) is no number")
        return number ?? 0
    }

    private static func showArguments() {
        for argument in Guest.arguments.dropFirst() { print("[\(argument)]") }
    }

    private static func exit() {
        guard let word = Guest.arguments.last, let status = Int32(word) else {
            return require(false, "exit takes a number")
        }
        print("no line break", terminator: "")
        Guest.exit(status)
    }
}
