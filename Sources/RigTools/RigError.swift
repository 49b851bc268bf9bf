// Everything that can go wrong between a command line and a domain's end.

/// A failure of the rig, said in one line. None is worth a retry unless its text says so.
public enum RigError: Error, Equatable, Sendable {
    /// The image cannot boot in the mode asked for. Permanent for this image.
    case wrongImage(path: String, reason: String)
    /// No package or example offers this program.
    case notFound(String)
    /// Tools are missing; the text is the line that installs them.
    case missingTools([String], remedy: String)
    /// The Debian mirror did not give what was asked for. Transient where the network is.
    case mirrorFailed(String)
    /// The cache or a temporary directory cannot be written, or the disk is full.
    case cannotStore(String)
    /// `swift build` failed; the text is its output.
    case buildFailed(program: String, output: String)
    /// A tool of this machine failed in a way that is not expected of it.
    case toolFailed(String)
    /// The emulated machine did not come up, or ended too early.
    case rigFailed(String)
    /// The toolstack refused the domain.
    case domainRefused(String)
    /// Something was waited for in vain; the text says for what, and for how long.
    case timedOut(String)
}

extension RigError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wrongImage(let path, let reason): "\(path): \(reason)"
        case .notFound(let text), .mirrorFailed(let text), .cannotStore(let text),
            .toolFailed(let text), .rigFailed(let text), .domainRefused(let text),
            .timedOut(let text):
            text
        case .missingTools(let tools, let remedy):
            "missing: \(tools.joined(separator: ", ")); to install: \(remedy)"
        case .buildFailed(let program, let output):
            "building \(program) failed\n\(output)"
        }
    }
}
