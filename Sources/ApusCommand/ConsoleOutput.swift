// A domain's console on our standard output, as it is written.

import Foundation
import XenRig

final class ConsoleOutput {
    private let domain: RunningDomain
    private let symboliser: Symboliser
    private var filter = ConsoleFilter()
    private var file: FileHandle?

    init(_ domain: RunningDomain, symboliser: Symboliser) {
        self.domain = domain
        self.symboliser = symboliser
    }

    /// The exit status that the console ended with.
    var exitStatus: Int32? { filter.exitStatus }

    /// Shows the console until the domain ends.
    ///
    /// - Parameter timeout: how long the domain may run; for ever without one.
    func show(untilEnd timeout: Duration?) async throws(RigError) -> Ending {
        let limit = timeout ?? .seconds(10 * 365 * 86_400)
        let domain = domain
        let end = Task { () async -> Result<RunningDomain.End, RigError> in
            do throws(RigError) {
                return .success(try await domain.waitForEnd(timeout: limit))
            } catch {
                return .failure(error)
            }
        }
        let finished = Flag()
        let watcher = Task {
            _ = await end.value
            finished.raise()
        }
        while !finished.isRaised {
            await showNew()
            try? await Task.sleep(for: .milliseconds(10))
        }
        _ = await watcher.value
        await showNew()
        await show(filter.finish())
        return try await end.value.get().ending
    }

    private func showNew() async {
        if file == nil { file = try? FileHandle(forReadingFrom: domain.consoleFile) }
        while let bytes = try? file?.read(upToCount: 1 << 16), !bytes.isEmpty {
            await show(filter.feed(bytes))
        }
    }

    private func show(_ pieces: [ConsoleFilter.Piece]) async {
        var rest = pieces[...]
        while let piece = rest.popFirst() {
            switch piece {
            case .bytes(let bytes): printBytes(Data(bytes))
            case .trace(let first):
                var lines = [first]
                while case .trace(let next)? = rest.first {
                    lines.append(next)
                    rest.removeFirst()
                }
                for line in await symboliser.annotated(lines) {
                    printBytes(Data((line + "\n").utf8))
                }
            }
        }
    }
}
