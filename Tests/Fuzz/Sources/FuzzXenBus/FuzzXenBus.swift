// Feeds device discovery and both ends of the handshake with whatever the fuzzer thinks of.

@testable import XenBus

/// What libFuzzer calls with each input: the first byte says what the others are for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch first % 5 {
    case 0: readTexts(rest)
    case 1: readDirectories(rest)
    case 2:
        var handshake = Handshake()
        handshake.run(rest)
    case 3: serveFrontend(rest)
    default: readKeys(rest)
    }
    return 0
}

/// The parts of an input, each as the text that the store would give.
private func texts(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 0, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
}

private func readTexts(_ bytes: [UInt8]) {
    let words = texts(bytes)
    for word in words {
        if let state = XenbusState(parsing: word) {
            precondition(state.text == word, "a state that is written otherwise")
        }
        if let number = Decimal.parse(word.utf8) {
            precondition(String(number) == word, "a number that is written otherwise")
        }
        if let name = DeviceName(type: words[0], parsing: word) {
            precondition(
                name.frontendPath == "device/\(words[0])/\(word)", "a name with another path")
        }
        let fault = DeviceFault(.invalidArgument, word)
        precondition(fault.text.utf8.count <= 600, "a fault without a limit")
        guard let path = try? BackendPath(parsing: word, backendID: words[0]) else { continue }
        precondition(path.text == word && path.text.utf8.count <= 256, "a path of its own")
        let start = "/local/domain/\(path.domain.rawValue)/backend/\(path.kind)/"
        precondition(word.hasPrefix(start), "a path that lies elsewhere")
        precondition(path.domain.rawValue < 0x7FF0, "a domain that cannot be")
    }
}

private func readKeys(_ bytes: [UInt8]) {
    let words = texts(bytes)
    let pairs = zip(words, words.dropFirst()).map { (key: $0, value: $1) }
    let keys = BackendKeys(pairs)
    precondition(keys.count <= BackendKeys.keyLimit, "too many keys")
    for name in keys.names {
        let text = keys.string(name)
        precondition(!keys.flag(name) || text == "1", "a feature that is none")
        precondition(keys.number(name).map { String($0) == text } ?? true, "another number")
        precondition(keys.number(name, in: 1...32).map { (1...32) ~= $0 } ?? true, "out of range")
    }
}

/// Lists as a store might give them, one after the other.
private func readDirectories(_ bytes: [UInt8]) {
    var directory = DeviceDirectory()
    var present: Set<XenbusDevice> = []
    for list in bytes.split(separator: 0xFF, maxSplits: 64, omittingEmptySubsequences: false) {
        let words = texts(Array(list))
        var entries: [DeviceEntry] = []
        for index in stride(from: 0, to: words.count - 3, by: 4) {
            entries.append(
                DeviceEntry(
                    type: words[index], number: words[index + 1], backend: words[index + 2],
                    backendID: words[index + 3], hasState: words[index].utf8.count % 7 != 0))
        }
        for event in directory.update(entries) {
            switch event {
            case .arrived(let device):
                precondition(present.insert(device).inserted, "arrived twice")
            case .departed(let device):
                precondition(present.remove(device) != nil, "departed without having been there")
            case .rejected, .touched: break
            }
        }
        precondition(Set(directory.devices) == present, "the events tell of other devices")
        precondition(present.count <= DeviceDirectory.deviceLimit, "too many devices")
    }
}

/// A backend's end under any inputs: what it holds is what it says.
private func serveFrontend(_ bytes: [UInt8]) {
    var machine = BackendMachine()
    var holds = false
    for byte in bytes.prefix(4096) {
        let input: BackendMachine.Input =
            switch byte % 16 {
            case 0...8: .frontend(.state(XenbusState(rawValue: byte % 16) ?? .unknown))
            case 9: .frontend(.absent)
            case 10: .frontend(.garbage)
            case 11: .prepared
            case 12: .mapped
            case 13: .unmapped
            case 14: .detached
            default: byte > 128 ? .failed(DeviceFault(.invalidArgument, "")) : .reconfigure
            }
        for action in machine.handle(input) {
            switch action {
            case .map:
                precondition(!holds, "maps twice")
                holds = true
            case .unmap:
                precondition(holds, "lets go of nothing")
                holds = false
            case .write(.closed), .remove:
                precondition(!holds && machine.hold == .none, "closed with something held")
            case .write, .report: break
            }
        }
    }
}
