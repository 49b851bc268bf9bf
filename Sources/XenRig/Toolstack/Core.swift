// The core that a crashed domain leaves: fetched from dom0, and read.
//
// xl writes pages of the domain straight from its mapping of them, which the shared directory
// refuses; so the core goes to dom0's memory first.

import Foundation
import RigTools

/// A core on this host.
public struct Core: Sendable {
    private let core: CoreFile

    /// How many processors were up.
    public var processorCount: Int { core.registers.count }

    /// - Throws: `cannotStore` when the file cannot be read, `toolFailed` when it is no core.
    public init(_ file: URL) throws(RigError) {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            throw .cannotStore("cannot read \(file.path)")
        }
        do throws(ELFImage.Fault) {
            core = try CoreFile(Array(contents))
        } catch {
            throw .toolFailed("\(file.path) is not a core of Xen's (\(error))")
        }
    }

    /// The backtrace of a processor, in lines as a guest writes them, for `Symboliser`.
    public func backtrace(of processor: Int = 0) -> [String] {
        core.backtrace(of: processor).enumerated().map { index, address in
            let digits = String(address, radix: 16)
            return "  #\(index) 0x\(String(repeating: "0", count: 16 - digits.count))\(digits)"
        }
    }
}

extension RunningDomain {
    /// Copies the core that it left (`onCrash: .coredumpDestroy`) out of dom0 and removes it there.
    /// To be called once the domain has ended. The file goes with the rig.
    ///
    /// xl looks at every frame number below 4 GiB of a PVH domain, which takes it minutes here.
    ///
    /// - Parameter timeout: for xl to finish the core.
    public func fetchCore(timeout: Duration = .seconds(300)) async throws(RigError) -> URL {
        // xl watched the domain: once it is gone, the core is whole.
        try await rig.poll("the core of \(name)", timeout: timeout) { () -> Bool? in
            Files.exists(exitMark) ? true : nil
        }
        let words = Files.read(log) ?? ""
        guard let path = XLOutput.corePath(in: words), !words.contains("core dump failed") else {
            throw .rigFailed("no core of \(name): \(words.suffix(300))")
        }
        let copy = rig.run.share.appending(path: "files/\(name).core")
        let script = "mv \(Quoting.shell(path)) \(Quoting.shell(rig.run.inside(copy)))"
        let result = try await rig.run(script)
        guard result.succeeded else { throw .rigFailed("no core of \(name): \(result.lastLine)") }
        return copy
    }
}
