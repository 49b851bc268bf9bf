import Testing
import XenTypes

struct XenErrorTests {
    @Test(arguments: [Int64(0), 1, .max])
    func `A result that is not negative is passed through`(result: Int64) throws {
        #expect(try XenError.check(result) == result)
    }

    @Test func `A negative result is thrown as a positive errno`() {
        #expect(throws: XenError.invalidArgument) { try XenError.check(-22) }
        #expect(throws: XenError(code: 4000)) { try XenError.check(-4000) }
    }

    @Test func `Even a result that is no errno is thrown and does not trap`() {
        // Smaller than any errno, and the one number that has no positive counterpart in 32 bits.
        #expect(throws: XenError.self) { try XenError.check(-0x8000_0000) }
        #expect(throws: XenError.self) { try XenError.check(.min + 1) }
    }

    @Test func `A common error is named, a strange one is numbered`() {
        #expect(XenError.invalidArgument.description == "22 (EINVAL)")
        #expect(XenError.notSupported.description == "95 (EOPNOTSUPP)")
        #expect(XenError(code: 4000).description == "4000")
    }
}
