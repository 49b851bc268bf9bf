import Testing
import XenTypes

@testable import Memory

/// Each defect of a caller ends the program, in a process of its own.
@Suite("Frame allocator's preconditions")
struct FrameAllocatorExitTests {
    @Test("Freeing twice")
    func doubleFree() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.donate(chunk: 0)
            let first = rig.allocate(4)!
            rig.free(first)
            rig.free(first)
        }
    }

    @Test("Freeing the middle of a run")
    func middleOfRun() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.donate(chunk: 0)
            let first = rig.allocate(4)!
            rig.free(first.advanced(by: 1))
        }
    }

    @Test("Freeing a frame that was never allocated")
    func neverAllocated() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.frames.prepareChunk(at: frame(0))
            rig.free(frame(3))
        }
    }

    @Test("Freeing a frame outside of memory")
    func outside() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 2)
            rig.donate(chunk: 0)
            rig.free(frame(600))
        }
    }

    @Test("Donating a chunk twice")
    func chunkTwice() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.frames.prepareChunk(at: frame(0))
            rig.frames.prepareChunk(at: frame(0))
        }
    }

    @Test("Releasing frames twice")
    func releaseTwice() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.donate(chunk: 0)
            rig.frames.release(frame(5)..<frame(6))
        }
    }

    @Test("Releasing frames of a chunk that was not prepared")
    func releaseUnprepared() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.frames.release(frame(5)..<frame(6))
        }
    }

    @Test("An alignment that is no power of two")
    func oddAlignment() async {
        await #expect(processExitsWith: .failure) {
            let rig = FrameRig(chunkCount: 1)
            rig.donate(chunk: 0)
            _ = rig.allocate(1, alignment: 3)
        }
    }
}
