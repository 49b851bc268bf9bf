// What an audit can find fault with.

/// One fault of an image.
package enum Finding: Equatable, Sendable, CustomStringConvertible {
    /// Code keeps something below the stack pointer, where an upcall overwrites it.
    case redZone(RedZoneUse)
    /// A segment could be written and then run.
    case writableAndExecutable(address: UInt64)
    /// Nothing supplies this symbol.
    case undefined(String)
    /// The image has a function of the host's C or C++ library that no one has accounted for.
    case unlistedLibrarySymbol(String)
    /// A stripped image cannot be judged.
    case noSymbols
    /// No code was found to judge.
    case noCode

    /// One line for a person.
    package var description: String {
        switch self {
        case .redZone(let use):
            "\(use.function) at 0x\(String(use.address, radix: 16)) reaches "
                + "\(use.bytesBelow) bytes below the stack pointer"
        case .writableAndExecutable(let address):
            "the segment at 0x\(String(address, radix: 16)) is writable and executable"
        case .undefined(let name):
            "\(name) is undefined"
        case .unlistedLibrarySymbol(let name):
            "\(name) is a symbol of the host's libraries and not in Documentation/libc-symbols.md"
        case .noSymbols:
            "the image has no symbol table: audit the one before stripping"
        case .noCode:
            "the image's disassembly has no function"
        }
    }
}
