// `malloc` and its kin, as the Swift runtime calls them; the linker script has their C names.
//
// Running out is fatal: Swift has no way to be told, and a guest that pages nothing out has no
// more to give. Source: ISO C 7.22.3; POSIX.1-2017, posix_memalign.
#if hasFeature(Embedded)
    import Memory
    import XenTypes

    @c(apus_malloc)
    func apusAllocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        allocate(byteCount, alignment: 16)
    }

    @c(apus_posix_memalign)
    func apusAllocateAligned(
        _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ byteCount: Int
    ) -> Int32 {
        result.pointee = allocate(byteCount, alignment: alignment)
        return 0
    }

    @c(apus_free)
    func apusFree(_ object: UnsafeMutableRawPointer?) {
        guard let object else { return }
        Live.heap.unsafelyUnwrapped.pointee.free(object)
    }

    @c(apus_malloc_usable_size)
    func apusUsableSize(_ object: UnsafeMutableRawPointer?) -> Int {
        guard let object else { return 0 }
        return Live.heap.unsafelyUnwrapped.pointee.usableSize(of: object)
    }

    @inline(__always)
    private func allocate(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer {
        guard let heap = Live.heap else { outOfMemory(byteCount) }
        guard let object = heap.pointee.allocate(byteCount: byteCount, alignment: alignment) else {
            outOfMemory(byteCount)
        }
        return object
    }

    @inline(never)
    private func outOfMemory(_ byteCount: Int) -> Never {
        CrashReport.crash {
            EmergencyOutput.write("out of memory: ", decimal: UInt64(UInt(bitPattern: byteCount)))
            EmergencyOutput.write(" bytes asked for, ")
            guard let heap = Live.heap else {
                return EmergencyOutput.write("before the heap exists")
            }
            let frames = heap.pointee.frames.freeFrameCount
            EmergencyOutput.write("", decimal: UInt64(frames) << Page.shift)
            EmergencyOutput.write(" free, ")
            let run = heap.pointee.frames.largestFreeRun()
            EmergencyOutput.write("", decimal: UInt64(run) << Page.shift)
            EmergencyOutput.write(" of them in one piece")
        }
    }
#endif
