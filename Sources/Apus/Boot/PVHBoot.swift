// From `hvm_start_info` to `BootInformation`.
//
// Source: xen-headers/include/xen/hvm_start_info.h; Xen's docs/misc/pvh.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Hypercalls
    import Memory

    extension BootInformation {
        /// Reads what a PVH domain is given, and makes Xen's shared info page reachable.
        init(pvh start: UInt64, tables: inout EarlyWindow, hypervisor: Hypervisor) {
            mode = .pvh
            rootTable = address_of_apus_pvh_l4()
            paging = .pvh
            reserved.insert(FrameRange(.zero, PseudophysicalFrame(rawValue: 1)))
            reserved.insert(
                FrameRange(
                    PseudophysicalFrame(containing: address_of_apus_image_start()),
                    PseudophysicalFrame(containing: address_of_apus_image_end())))

            let given = tables.read(start, as: hvm_start_info.self)
            keep(start, MemoryLayout<hvm_start_info>.size)
            readMemoryMap(given, tables: &tables, hypervisor: hypervisor)
            keepToReservation(hypervisor)
            keepModules(given, tables: &tables)
            readCommandLine(at: given.cmdline_paddr, tables: &tables)
            console = Self.ring(HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN, hypervisor)
            store = Self.ring(HVM_PARAM_STORE_PFN, HVM_PARAM_STORE_EVTCHN, hypervisor)
            Self.mapSharedInfo(hypervisor)
            // Nobody's memory, wherever the hole is.
            keep(Self.sharedInfoFrame.address, Int(Self.holeFrameCount) * Page.byteCount)
        }

        private mutating func keep(_ address: UInt64, _ byteCount: Int) {
            reserved.insert(.touching(address: address, byteCount: UInt64(byteCount)))
        }

        /// Version 0 of the structure has no map, and then Xen is asked for it.
        private mutating func readMemoryMap(
            _ given: hvm_start_info, tables: inout EarlyWindow, hypervisor: Hypervisor
        ) {
            guard given.version > 0, given.memmap_paddr != 0, given.memmap_entries > 0 else {
                return readMemoryMap(of: hypervisor)
            }
            let stride = MemoryLayout<hvm_memmap_table_entry>.stride
            let count = min(Int(given.memmap_entries), 128)
            keep(given.memmap_paddr, count * stride)
            for index in 0..<count {
                let place = given.memmap_paddr + UInt64(index * stride)
                let entry = tables.read(place, as: hvm_memmap_table_entry.self)
                guard entry.type == UInt32(XEN_HVM_MEMMAP_TYPE_RAM) else { continue }
                memory.insert(.inside(address: entry.addr, byteCount: entry.size))
            }
        }

        private mutating func readMemoryMap(of hypervisor: Hypervisor) {
            // 64 entries of 20 bytes.
            var buffer = InlineArray<160, UInt64>(repeating: 0)
            withUnsafeMutableBytes(of: &buffer) { bytes in
                guard let count = try? hypervisor.memoryMap(into: bytes) else { return }
                for index in 0..<count {
                    let entry = bytes.baseAddress! + index * 20
                    guard entry.loadUnaligned(fromByteOffset: 16, as: UInt32.self) == 1 else {
                        continue
                    }
                    memory.insert(
                        .inside(
                            address: entry.loadUnaligned(as: UInt64.self),
                            byteCount: entry.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
                }
            }
        }

        /// The map is as large as the domain may become. What it has now may be less (`memory`
        /// below `maxmem`), and Xen kills a domain that touches more. QEMU has no such thing.
        private mutating func keepToReservation(_ hypervisor: Hypervisor) {
            frameCount = memory.frameCount
            guard let reservation = try? hypervisor.currentReservation(),
                reservation < frameCount
            else { return }
            frameCount = reservation
            // Some of it are special pages outside of the map: the rings' are.
            let specialFrameCount: UInt64 = 32
            memory.truncate(to: max(reservation, specialFrameCount) - specialFrameCount)
        }

        private mutating func keepModules(_ given: hvm_start_info, tables: inout EarlyWindow) {
            guard given.modlist_paddr != 0 else { return }
            let stride = MemoryLayout<hvm_modlist_entry>.stride
            let count = min(Int(given.nr_modules), 4)
            keep(given.modlist_paddr, count * stride)
            for index in 0..<count {
                let place = given.modlist_paddr + UInt64(index * stride)
                let module = tables.read(place, as: hvm_modlist_entry.self)
                reserved.insert(.touching(address: module.paddr, byteCount: module.size))
            }
        }

        private mutating func readCommandLine(at address: UInt64, tables: inout EarlyWindow) {
            guard address != 0 else { return }
            let limit = Int(MAX_GUEST_CMDLINE)
            let text = tables.pointer(to: address, byteCount: limit)
            commandLine = .terminated(text, limit: limit)
            keep(address, commandLine.count + 1)
        }

        private static func ring(
            _ frameParameter: Int32, _ portParameter: Int32, _ hypervisor: Hypervisor
        ) -> ToolstackRing? {
            // All ones: the toolstack may yet make one. It does so before it starts a guest.
            guard let frame = try? hypervisor.parameter(frameParameter), frame != 0, frame != .max,
                let port = try? hypervisor.parameter(portParameter), port != 0
            else { return nil }
            return ToolstackRing(
                page: PseudophysicalFrame(rawValue: frame),
                port: Port(rawValue: UInt32(truncatingIfNeeded: port)))
        }

        /// Where a PVH domain has Xen's shared info page: where other guests have it, too, in the
        /// hole below 4 GiB. In the place of memory it would break up a 1 GiB page of Xen's own
        /// tables, at 90,000 instructions.
        static var sharedInfoFrame: PseudophysicalFrame {
            PseudophysicalFrame(containing: 0xFE70_0000)
        }

        /// Frames for what is not memory: the shared info page, then the grant table up to the
        /// next multiple of 2 MiB, which takes Xen no table more, then other domains' pages. Up
        /// to the interrupt controller's, where there is one.
        static var holeFrameCount: UInt64 { 0x500 }
        static var grantTableFrames: FrameRange {
            FrameRange(sharedInfoFrame.advanced(by: 1), sharedInfoFrame.advanced(by: 0x100))
        }
        static var foreignFrames: FrameRange {
            FrameRange(
                sharedInfoFrame.advanced(by: 0x100), sharedInfoFrame.advanced(by: holeFrameCount))
        }

        private static func mapSharedInfo(_ hypervisor: Hypervisor) {
            do throws(XenError) {
                try hypervisor.mapSharedInfo(at: sharedInfoFrame)
            } catch {
                preconditionFailure("Xen refused to map the shared info page")
            }
        }
    }
#endif
