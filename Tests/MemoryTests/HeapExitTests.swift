import Testing

@testable import Memory

/// Each defect of a caller ends the program, in a process of its own.
@Suite("Heap's preconditions")
struct HeapExitTests {
    @Test("Freeing a small object twice")
    func doubleFree() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            _ = rig.allocate(64)!
            let object = rig.allocate(64)!
            rig.free(object)
            rig.free(object)
        }
    }

    @Test("Freeing a small object twice with others freed in between")
    func doubleFreeLater() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let objects = (0..<10).map { _ in rig.allocate(64)! }
            for object in objects { rig.free(object) }
            rig.free(objects[4])
        }
    }

    @Test("Freeing a large object twice")
    func doubleFreeLarge() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(10_000)!
            rig.free(object)
            rig.free(object)
        }
    }

    @Test("Writing to a freed object is found before its link is followed")
    func useAfterFree() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(64)!
            rig.free(object)
            object.storeBytes(of: 1, as: UInt64.self)
            _ = rig.allocate(64)
        }
    }

    @Test("Freeing the middle of a small object")
    func middleOfSmall() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(64)!
            rig.free(object + 16)
        }
    }

    @Test("Freeing the second page of a large object")
    func secondPage() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(10_000)!
            rig.free(object + 4096)
        }
    }

    @Test("Freeing within the first page of a large object")
    func middleOfLarge() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(10_000)!
            rig.free(object + 16)
        }
    }

    @Test("Freeing an object that its slab never gave out")
    func neverGivenOut() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(64)!
            rig.free(object + 64)
        }
    }

    @Test("Freeing a pointer to memory that is not the heap's")
    func outside() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 2)
            let object = rig.allocate(64)!
            rig.free(object + (1 << 21))
        }
    }

    @Test("Freeing a run of frames as an object")
    func framesAsObject() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let run = rig.allocateFrames(1)!
            rig.free(rig.pages.baseAddress! + Int(run.address))
        }
    }

    @Test("Freeing an object as a run of frames")
    func objectAsFrames() async {
        await #expect(processExitsWith: .failure) {
            let rig = HeapRig(chunkCount: 1)
            let object = rig.allocate(4096)!
            let offset = object - UnsafeMutableRawPointer(rig.pages.baseAddress!)
            rig.heap.freeFrames(frame(offset / 4096))
        }
    }
}
