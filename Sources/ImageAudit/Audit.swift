// Judges a finished guest image: no red zone, nothing writable and executable, nothing of a libc
// beyond what Documentation/libc-symbols.md accounts for.

/// What an image was allowed, and what it is judged by.
public struct Audit: Sendable {
    /// Symbols that the host's C and C++ libraries export.
    public let libraryExports: Set<String>
    /// Those of them that an image may define.
    public let allowed: Set<String>

    /// Judges by these two sets.
    public init(libraryExports: Set<String>, allowed: Set<String>) {
        self.libraryExports = libraryExports
        self.allowed = allowed
    }

    /// Every fault of an image, given its file and its disassembly.
    public func findings(in image: ELFImage, _ code: Disassembly) -> [Finding] {
        Self.redZone(code) + Self.segments(image) + symbols(image)
    }

    private static func redZone(_ code: Disassembly) -> [Finding] {
        if code.functions.isEmpty { return [.noCode] }
        return code.functions.flatMap(RedZoneCheck.uses).map(Finding.redZone)
    }

    private static func segments(_ image: ELFImage) -> [Finding] {
        image.segments.filter { $0.isWritable && $0.isExecutable }
            .map { .writableAndExecutable(address: $0.address) }
    }

    private func symbols(_ image: ELFImage) -> [Finding] {
        if image.symbols.isEmpty { return [.noSymbols] }
        let undefined = image.symbols.filter { !$0.isDefined }.map(\.name)
        let foreign = Set(image.symbols.filter(\.isDefined).map(\.name))
            .intersection(libraryExports).subtracting(allowed)
        return undefined.map(Finding.undefined)
            + foreign.sorted().map(Finding.unlistedLibrarySymbol)
    }
}
