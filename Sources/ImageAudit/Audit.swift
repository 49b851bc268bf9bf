// Judges a finished guest image: no red zone, nothing writable and executable, nothing of a libc
// beyond what Documentation/libc-symbols.md accounts for.

import RigTools

/// What an image was allowed, and what it is judged by.
package struct Audit: Sendable {
    /// Symbols that the host's C and C++ libraries export.
    package let libraryExports: Set<String>
    /// Those of them that an image may define.
    package let allowed: Set<String>

    /// Judges by these two sets.
    package init(libraryExports: Set<String>, allowed: Set<String>) {
        self.libraryExports = libraryExports
        self.allowed = allowed
    }

    /// Every fault of an image, given its file and its disassembly.
    package func findings(in image: ELFImage, _ code: Disassembly) throws(ELFImage.Fault)
        -> [Finding]
    {
        Self.redZone(code) + Self.segments(image) + (try symbols(image))
    }

    private static func redZone(_ code: Disassembly) -> [Finding] {
        if code.functions.isEmpty { return [.noCode] }
        return code.functions.flatMap(RedZoneCheck.uses).map(Finding.redZone)
    }

    private static func segments(_ image: ELFImage) -> [Finding] {
        image.segments.filter { $0.isWritable && $0.isExecutable }
            .map { .writableAndExecutable(address: $0.address) }
    }

    private func symbols(_ image: ELFImage) throws(ELFImage.Fault) -> [Finding] {
        let symbols = try image.symbols()
        if symbols.isEmpty { return [.noSymbols] }
        let undefined = symbols.filter { !$0.isDefined }.map(\.name)
        let foreign = Set(symbols.filter(\.isDefined).map(\.name))
            .intersection(libraryExports).subtracting(allowed)
        return undefined.map(Finding.undefined)
            + foreign.sorted().map(Finding.unlistedLibrarySymbol)
    }
}
