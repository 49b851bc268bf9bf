// Puts names to the addresses of a backtrace, by the toolchain's own tools.

import Foundation
import RigTools

/// A filter over console lines.
public struct Symboliser: Sendable {
    private let image: URL

    /// - Parameter image: the unstripped image.
    public init(image: URL) { self.image = image }

    /// The same lines, those of a backtrace with function, file and line appended. Where the tools
    /// fail the lines stay as they are: a crash is worth showing without names, too.
    public func annotated(_ lines: [String]) async -> [String] {
        let traces = lines.map { BacktraceLine($0) }
        let addresses = traces.compactMap { $0?.lookup }
        guard !addresses.isEmpty, let frames = try? await frames(at: addresses),
            frames.count == addresses.count
        else { return lines }
        var rest = frames[...]
        return zip(lines, traces).map { line, trace in
            trace == nil ? line : BacktraceText.annotated(line, rest.removeFirst())
        }
    }

    private func frames(
        at addresses: [UInt64]
    ) async throws(RigError) -> [[SymbolizerOutput.Frame]] {
        let toolchain = try Toolchain()
        let input = addresses.map { "0x" + String($0, radix: 16) + "\n" }.joined()
        let names = try await toolchain.command(
            "llvm-symbolizer", ["--obj=\(image.path)", "--inlines"]
        ).run(.apart, input: input)
        let readable = try await toolchain.command("swift-demangle", ["--simplified"])
            .run(.apart, input: names.output)
        return SymbolizerOutput.frames(in: readable.output)
    }
}
