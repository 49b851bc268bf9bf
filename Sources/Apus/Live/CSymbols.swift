// The functions of a C library that the Swift runtime calls, beside memory and the heap.
//
// Documentation/libc-symbols.md lists them all. Source: ISO C 7.21 to 7.24.
#if hasFeature(Embedded)
    import GuestRuntime

    @c(putchar)
    func apusPutCharacter(_ character: Int32) -> Int32 {
        Live.put(UInt8(truncatingIfNeeded: character))
        return character
    }

    @c(puts)
    func apusPutLine(_ text: UnsafePointer<UInt8>) -> Int32 {
        var place = text
        while place.pointee != 0 {
            Live.put(place.pointee)
            place += 1
        }
        Live.put(UInt8(ascii: "\n"))
        return 0
    }

    /// The Swift runtime's own fatal errors come by here.
    @c(vprintf)
    func apusPrintFormat(
        _ format: UnsafePointer<UInt8>, _ list: UnsafeMutableRawPointer
    ) -> Int32 {
        var arguments = VariadicArguments(list)
        var count: Int32 = 0
        PrintfFormat.print(format, &arguments) { byte in
            Live.put(byte)
            count += 1
        }
        return count
    }

    /// As C has it: the text's whole length is returned, however much of it fitted.
    @c(vsnprintf)
    func apusPrintFormat(
        into buffer: UnsafeMutablePointer<UInt8>?, _ size: Int, _ format: UnsafePointer<UInt8>,
        _ list: UnsafeMutableRawPointer
    ) -> Int32 {
        var arguments = VariadicArguments(list)
        let room = UnsafeMutableBufferPointer(start: buffer, count: buffer == nil ? 0 : size)
        return Int32(clamping: PrintfFormat.print(format, &arguments, into: room))
    }

    @c(exit)
    func apusExit(_ status: Int32) -> Never { Live.exit(status) }

    @c(abort)
    func apusAbort() -> Never {
        CrashReport.crash { EmergencyOutput.write("abort was called") }
    }

    @c(arc4random_buf)
    func apusRandom(_ buffer: UnsafeMutableRawPointer, _ byteCount: Int) {
        Live.fillRandom(UnsafeMutableRawBufferPointer(start: buffer, count: byteCount))
    }

    @c(__cxa_pure_virtual)
    func apusPureVirtual() -> Never {
        CrashReport.crash { EmergencyOutput.write("a pure virtual function was called") }
    }

    @c(_ZSt20__throw_length_errorPKc)
    func apusLengthError(_ text: UnsafePointer<UInt8>) -> Never {
        CrashReport.crash { EmergencyOutput.write("a C++ container would grow too long") }
    }

    // Task-local values are the only users of these two, and the embedded compiler has none.
    @c(_ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base)
    func apusTreeDecrement() -> Never { refuseTaskLocals() }

    @c(_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_)
    func apusTreeInsert() -> Never { refuseTaskLocals() }

    private func refuseTaskLocals() -> Never {
        CrashReport.crash { EmergencyOutput.write("task-local values are not supported") }
    }
#endif
