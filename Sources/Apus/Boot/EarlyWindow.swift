// Reading what a PVH loader left anywhere below 1 GiB, before there is an allocator: the boot
// tables' spare entries are filled as far as needed, in 2 MiB pages.
#if hasFeature(Embedded)
    import CArch
    import Memory

    /// Access by physical address to the first GiB. For the loader's structures only: the pages
    /// are mapped for good, each with all of its chunk.
    struct EarlyWindow {
        private let entries: UnsafeMutablePointer<UInt64>

        init(secondLevel: UInt64) {
            guard let entries = UnsafeMutablePointer<UInt64>(bitPattern: UInt(secondLevel)) else {
                preconditionFailure("no boot page tables")
            }
            self.entries = entries
        }

        /// A pointer through which `byteCount` bytes can be read.
        mutating func pointer(to address: UInt64, byteCount: Int) -> UnsafeRawPointer {
            let last = address + UInt64(byteCount) - 1
            precondition(last < 1 << 30, "boot information lies above 1 GiB")
            for chunk in address / Chunk.byteCount...last / Chunk.byteCount
            where entries[Int(chunk)] == 0 {
                // Present, writable, large, not executable.
                entries[Int(chunk)] = chunk * Chunk.byteCount | 0x83 | 1 << 63
            }
            guard let pointer = UnsafeRawPointer(bitPattern: UInt(address)) else {
                preconditionFailure("boot information lies at address zero")
            }
            return pointer
        }

        /// A copy of the structure at `address`.
        mutating func read<Value: BitwiseCopyable>(_ address: UInt64, as type: Value.Type) -> Value
        {
            pointer(to: address, byteCount: MemoryLayout<Value>.size)
                .loadUnaligned(as: type)
        }
    }

    extension UnsafeRawBufferPointer {
        /// The bytes before the first zero, or `limit` where none comes before.
        static func terminated(_ start: UnsafeRawPointer, limit: Int) -> UnsafeRawBufferPointer {
            let bytes = UnsafeRawBufferPointer(start: start, count: limit)
            return UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != 0 })
        }
    }
#endif
