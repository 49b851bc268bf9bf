// The arguments of a variadic C function, as a `va_list` holds them.
//
// Source: System V Application Binary Interface, AMD64 Architecture Processor Supplement,
// section 3.5.7, "Variable Argument Lists".

/// Reads the integers and pointers of a `va_list` one after another.
///
/// The 24 bytes it reads, which it also moves on as `va_arg` would:
///
/// | Offset | Field | Meaning |
/// | --- | --- | --- |
/// | 0 | `gp_offset`, 32 bits | where in the save area the next integer is; 48 when all are read |
/// | 4 | `fp_offset`, 32 bits | the same for floating point; not used here |
/// | 8 | `overflow_arg_area` | the next argument that was passed on the stack |
/// | 16 | `reg_save_area` | the registers that had arguments, six integer ones first |
public struct VariadicArguments {
    private static var registerBytes: UInt32 { 48 }

    private let list: UnsafeMutableRawPointer

    /// Reads on in a list.
    ///
    /// - Parameter list: what C passes for a parameter of type `va_list`; valid while this is used.
    public init(_ list: UnsafeMutableRawPointer) { self.list = list }

    /// The next argument, of an integer or pointer type, as the 64 bits that carry it. Of shorter
    /// types the upper bits are undefined.
    public mutating func next() -> UInt64 {
        let offset = list.load(as: UInt32.self)
        if offset < Self.registerBytes {
            list.storeBytes(of: offset + 8, as: UInt32.self)
            let registers = list.load(fromByteOffset: 16, as: UnsafeRawPointer.self)
            return registers.load(fromByteOffset: Int(offset), as: UInt64.self)
        }
        let stack = list.load(fromByteOffset: 8, as: UnsafeRawPointer.self)
        list.storeBytes(of: stack + 8, toByteOffset: 8, as: UnsafeRawPointer.self)
        return stack.load(as: UInt64.self)
    }
}
