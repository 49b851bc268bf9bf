// From the first instruction of Swift to `main`.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Hypercalls
    import Memory

    /// Called by the entry code on the boot stack: `mode` 0 is PV, 1 is PVH; `information` is the
    /// address of the loader's structure; `timeStamp` is the counter at the first instruction.
    @c(apus_boot)
    func apusBoot(_ mode: UInt32, _ information: UInt64, _ timeStamp: UInt64) {
        Live.bootTimeStamp = timeStamp
        let hypervisor = Live.hypervisor
        var given: BootInformation
        if mode == 0 {
            guard let start = UnsafePointer<start_info>(bitPattern: UInt(information)) else {
                preconditionFailure("no start_info")
            }
            Live.mode = .pv
            given = BootInformation(pv: start, hypervisor: hypervisor)
        } else {
            Live.mode = .pvh
            apus_choose_gate(HypercallGate.number(of: hypervisor.cpuid(0)))
            var window = EarlyWindow(secondLevel: address_of_apus_pvh_l2())
            given = BootInformation(pvh: information, tables: &window, hypervisor: hypervisor)
        }
        Boot(given, hypervisor).bringUp()
        Live.start(given)
        Live.mainTimeStamp = hypervisor.timeStamp()
        Live.exit(apus_application_main(0, nil))
    }

    /// Which instruction a PVH guest calls Xen by.
    enum HypercallGate {
        /// 1, VMCALL, on Intel and those who license it; 2, VMMCALL, on AMD and Hygon.
        static func number(of vendor: apus_cpuid) -> UInt32 {
            // "Auth" of AuthenticAMD, "Hygo" of HygonGenuine.
            vendor.ebx == 0x6874_7541 || vendor.ebx == 0x6F67_7948 ? 2 : 1
        }
    }

    /// The steps between the loader's world and a heap.
    struct Boot {
        private let given: BootInformation
        private let hypervisor: Hypervisor
        private var unused: FrameRanges

        init(_ given: BootInformation, _ hypervisor: Hypervisor) {
            self.given = given
            self.hypervisor = hypervisor
            unused = given.memory
            for index in 0..<given.reserved.count { unused.remove(given.reserved[index]) }
        }

        consuming func bringUp() {
            installTraps(in: page(of: takeFrame()))
            var tables = PageTables(
                root: given.rootTable, mode: given.paging, hypervisor: hypervisor)
            protectImage(&tables)
            mapSharedInfo(&tables)
            mapRings(&tables)
            publishFrameLists()
            fillPool(&tables)
            let heapPage = page(of: takeFrame())
            createHeap(in: heapPage, tables)
        }

        /// A frame that the entry code or the domain builder has mapped: not far past the image.
        private mutating func takeFrame() -> PseudophysicalFrame {
            let image = PseudophysicalFrame(containing: address_of_apus_image_end())
            guard let frame = unused.takeFirst(atOrAbove: image) else {
                preconditionFailure("no memory is left after the image")
            }
            return frame
        }

        private func page(of frame: PseudophysicalFrame) -> UnsafeMutableRawPointer {
            UnsafeMutableRawPointer(bitPattern: UInt(frame.address)).unsafelyUnwrapped
        }

        private mutating func fillPool(_ tables: inout PageTables) {
            while tables.pool.hasRoom { tables.pool.put(takeFrame()) }
        }

        private func installTraps(in page: UnsafeMutableRawPointer) {
            let tables = TrapTables(page: page)
            do throws(XenError) {
                switch given.mode {
                case .pv: try tables.installPV(hypervisor)
                case .pvh, .host:
                    tables.installPVH()
                    hypervisor.maskLegacyInterrupts()
                    try hypervisor.setCallback(vector: TrapTables.upcallVector)
                }
            } catch {
                preconditionFailure("Xen refused the trap table or the callback")
            }
        }

        private mutating func protectImage(_ tables: inout PageTables) {
            let end = PseudophysicalFrame(containing: address_of_apus_image_end())
            var chunk = PseudophysicalFrame.zero
            while chunk < end {
                fillPool(&tables)
                let limit = max(end, memoryEnd)
                tables.protectChunk(at: chunk) { frame in
                    if address_of_apus_shared_info() == frame.address { return .keep }
                    return frame < limit ? ImageLayout.protection(of: frame) : .none
                }
                chunk = chunk.advanced(by: Chunk.frameCount)
            }
            tables.denyCodePastImage()
        }

        private var memoryEnd: PseudophysicalFrame {
            unused.count > 0 ? unused[unused.count - 1].end : .zero
        }

        /// Under PVH the page lies elsewhere than its symbol, which gives it an address.
        private mutating func mapSharedInfo(_ tables: inout PageTables) {
            guard given.mode == .pvh else { return }
            fillPool(&tables)
            tables.map(
                BootInformation.sharedInfoFrame, at: address_of_apus_shared_info(), .readWrite)
        }

        /// A PVH domain's rings lie beyond its memory.
        private mutating func mapRings(_ tables: inout PageTables) {
            guard given.mode == .pvh else { return }
            map(given.console, &tables)
            map(given.store, &tables)
        }

        private mutating func map(_ ring: ToolstackRing?, _ tables: inout PageTables) {
            guard let ring else { return }
            fillPool(&tables)
            tables.map(ring.page, at: ring.page.address, .readWrite)
        }

        /// Tells the toolstack where the p2m list is, for a core or a saved domain.
        private mutating func publishFrameLists() {
            guard case .pv(let frames) = given.paging, let lists = given.frameLists,
                // Of a domain of more than 32 GiB the lists would outgrow what is mapped.
                lists.listCount <= 32,
                let shared = UnsafeMutablePointer<shared_info>(
                    bitPattern: UInt(address_of_apus_shared_info()))
            else { return }
            let directory = takeFrame()
            let entries = page(of: directory).assumingMemoryBound(to: UInt64.self)
            for index in 0..<lists.listCount {
                let list = takeFrame()
                lists.fill(index, page(of: list).assumingMemoryBound(to: UInt64.self))
                entries[index] = frames.machineFrame(of: list).rawValue
            }
            shared.pointee.arch.pfn_to_mfn_frame_list_list =
                frames.machineFrame(of: directory).rawValue
            shared.pointee.arch.max_pfn = given.frameCount
        }

        /// What seals the heap's free lists: better not known to whoever chooses the bytes of
        /// objects. Without RDRAND (CPUID leaf 1, ECX bit 30) it is the time.
        private func linkKey() -> UInt64 {
            let hasRandom = hypervisor.cpuid(1).ecx & 1 << 30 != 0
            let word = hasRandom ? hypervisor.hardwareRandom(seed: false) : nil
            return word ?? hypervisor.timeStamp() &* 0x9E37_79B9_7F4A_7C15
        }

        private consuming func createHeap(
            in page: UnsafeMutableRawPointer, _ tables: consuming PageTables
        ) {
            let records = UnsafeMutablePointer<FrameRecord>(
                bitPattern: UInt(PhysicalMemory.recordsAddress))
            let heap = page.bindMemory(to: LiveHeap.self, capacity: 1)
            precondition(MemoryLayout<LiveHeap>.size <= Page.byteCount, "the heap outgrew its page")
            heap.initialize(
                to: LiveHeap(
                    frames: FrameAllocator(records: records.unsafelyUnwrapped),
                    source: PhysicalMemory(unused: unused, tables: tables),
                    linkKey: linkKey()))
            Live.heap = heap
        }
    }
#endif
