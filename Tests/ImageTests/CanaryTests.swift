// Every check of the audit must find the fault it is for.

import Testing

@testable import ImageAudit

@Suite struct CanaryTests {
    @Test func `a faultless image has no finding`() async throws {
        let image = Assembled(
            assembly: """
                .globl _start
                _start:
                    pushq %rbp
                    movq %rsp, %rbp
                    subq $32, %rsp
                    movq %rax, -32(%rbp)
                    leave
                    retq
                """)
        #expect(try await image.findings().map(\.description) == [])
    }

    @Test func `an image that uses the red zone is flagged`() async throws {
        let image = Assembled(
            assembly: """
                .globl _start
                _start:
                    movq %rax, -8(%rsp)
                    retq
                """)
        let use = RedZoneUse(function: "_start", address: 0x100000, bytesBelow: 8)
        #expect(try await image.findings() == [.redZone(use)])
    }

    @Test func `an image with a writable and executable segment is flagged`() async throws {
        let image = Assembled(assembly: ".globl _start\n_start: retq", segmentFlags: 7)
        #expect(try await image.findings() == [.writableAndExecutable(address: 0x100000)])
    }

    @Test func `an image with an undefined symbol is flagged`() async throws {
        let image = Assembled(
            assembly: ".globl _start\n_start: callq read_file\n retq",
            linkerOptions: ["-Wl,--unresolved-symbols=ignore-all"])
        #expect(try await image.findings() == [.undefined("read_file")])
    }

    @Test func `an image that defines a library symbol is flagged unless it is listed`()
        async throws
    {
        let image = Assembled(assembly: ".globl _start, fork\n_start: retq\nfork: retq")
        #expect(try await image.findings() == [.unlistedLibrarySymbol("fork")])
        #expect(try await image.findings(allowing: ["fork"]) == [])
    }

    @Test func `a stripped image is flagged`() async throws {
        let image = Assembled(
            assembly: ".globl _start\n_start: retq", linkerOptions: ["-Wl,--strip-all"])
        #expect(try await image.findings().contains(.noSymbols))
    }
}
