// The exit statuses of apus. `apus run` passes on the application's own, whatever it is; a
// failure of apus itself comes with a line on standard error that begins with "apus: ".
// The numbers are those of sysexits.h where it has a fitting one.

import XenRig

struct ExitCode: Equatable {
    let rawValue: Int32

    static let success = ExitCode(rawValue: 0)
    static let testsFailed = ExitCode(rawValue: 1)
    static let usage = ExitCode(rawValue: 64)
    static let wrongImage = ExitCode(rawValue: 65)
    static let notFound = ExitCode(rawValue: 66)
    static let buildFailed = ExitCode(rawValue: 67)
    static let unavailable = ExitCode(rawValue: 69)
    static let crashed = ExitCode(rawValue: 70)
    static let rigFailed = ExitCode(rawValue: 71)
    static let cannotStore = ExitCode(rawValue: 73)
    static let timedOut = ExitCode(rawValue: 75)
    static let noVerdict = ExitCode(rawValue: 76)

    static let table = """
        Exit status:
          0-255  of `apus run`: the application's own
          1      a test failed, or none ran
          64     the command line is wrong
          65     the image cannot boot in this mode
          66     no such program, package or file
          67     the program does not build
          69     a tool is missing, or the Debian mirror is not reachable
          70     the domain crashed
          71     the emulated machine or the toolstack failed
          73     the cache cannot be written, or the disk is full
          75     something took too long
          76     the domain ended without an exit status
          130    interrupted
        A status of apus itself always comes with a line on standard error.
        """

    init(rawValue: Int32) { self.rawValue = rawValue }

    init(_ error: RigError) {
        switch error {
        case .wrongImage: self = .wrongImage
        case .notFound: self = .notFound
        case .buildFailed: self = .buildFailed
        case .missingTools, .mirrorFailed: self = .unavailable
        case .toolFailed, .rigFailed, .domainRefused: self = .rigFailed
        case .cannotStore: self = .cannotStore
        case .timedOut: self = .timedOut
        }
    }
}
