// Feeds a whole stack with packets of IPv6, in steps, with time between them.

import StackUnderTest

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    StackUnderTest(type: 0x86DD).run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
