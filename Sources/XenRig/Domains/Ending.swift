// How a domain ended, from what the toolstack wrote about it.

import Foundation

/// Why a domain no longer runs.
public enum Ending: Equatable, Sendable {
    case poweroff
    case reboot
    case suspend
    case crash
    case watchdog
    case softReset
    /// Taken away by the toolstack, not by its own doing.
    case destroyed
    /// A reason that this rig does not know.
    case other(Int)

    /// - Parameter shutdownCode: SHUTDOWN_* of Xen's public/sched.h.
    init(shutdownCode: Int) {
        switch shutdownCode {
        case 0: self = .poweroff
        case 1: self = .reboot
        case 2: self = .suspend
        case 3: self = .crash
        case 4: self = .watchdog
        case 5: self = .softReset
        default: self = .other(shutdownCode)
        }
    }
}

/// What `xl create -F` says while it watches its domain.
enum XLOutput {
    /// The domain's number, once it is created; the last one of a restarted domain.
    static func domainID(in output: String) -> Int? {
        lastRun(in: output).flatMap { number(after: created, in: $0) }
    }

    /// How it ended; nil while it runs, and while it is made anew.
    static func ending(in output: String) -> Ending? {
        let lines = (lastRun(in: output) ?? output).split(whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            if let code = number(after: "has shut down, reason code ", in: String(line)) {
                // The next line says what xl makes of it.
                guard let action = lines.dropFirst(index + 1).first else { return nil }
                return action.hasSuffix("restart") ? nil : Ending(shutdownCode: code)
            }
            if line.contains("has been destroyed") { return .destroyed }
        }
        return nil
    }

    /// Where the core of a crashed domain is.
    static func corePath(in output: String) -> String? {
        let mark = "dumping core to "
        return output.split(whereSeparator: \.isNewline).last { $0.hasPrefix(mark) }
            .map { String($0.dropFirst(mark.count)) }
    }

    /// `xl list`: a heading, then a line for each domain, dom0 first.
    static func domains(inList output: String) -> [String] {
        output.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
            let name = line.split(separator: " ").first.map(String.init)
            return name == "Domain-0" ? nil : name
        }
    }

    /// Why xl refused: its first complaint says the most.
    static func complaint(in output: String) -> String {
        let lines = output.split(whereSeparator: \.isNewline)
        return lines.first { !$0.hasPrefix("Parsing config") }.map(String.init)
            ?? "xl says nothing"
    }

    private static let created = "(domid "

    /// What xl says of the latest domain that it made of one configuration.
    private static func lastRun(in output: String) -> String? {
        output.range(of: created, options: .backwards).map { String(output[$0.lowerBound...]) }
    }

    private static func number(after mark: String, in text: String) -> Int? {
        guard let end = text.range(of: mark)?.upperBound else { return nil }
        return Int(text[end...].prefix { $0.isNumber })
    }
}

/// The events of QEMU's monitor, one JSON object a line.
/// Source: QEMU's QMP reference, SHUTDOWN and GUEST_PANICKED.
enum QMPOutput {
    private struct Message: Decodable {
        struct Details: Decodable { let reason: String? }
        let event: String?
        let details: Details?

        enum CodingKeys: String, CodingKey {
            case event
            case details = "data"
        }
    }

    static func ending(in output: String) -> Ending? {
        for line in output.split(whereSeparator: \.isNewline) {
            guard let message = try? JSONDecoder().decode(Message.self, from: Data(line.utf8))
            else { continue }
            if message.event == "GUEST_PANICKED" { return .crash }
            guard message.event == "SHUTDOWN" else { continue }
            switch message.details?.reason {
            case "guest-shutdown": return .poweroff
            case "guest-reset": return .reboot
            case "guest-panic": return .crash
            default: return .destroyed
            }
        }
        return nil
    }
}
