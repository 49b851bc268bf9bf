// From `start_info` to `BootInformation`.
//
// The builder lays out, from low to high: image, p2m list, start_info, xenstore and console
// pages, page tables, a stack. All of it stays reserved: the toolstack needs the p2m list to save
// the domain, and the tables are in use.
// Source: xen-headers/include/xen/start_info.h.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Hypercalls
    import Memory

    extension BootInformation {
        /// Reads what a PV domain is given, and makes Xen's shared info page reachable.
        init(pv start: UnsafePointer<start_info>, hypervisor: Hypervisor) {
            let given = start.pointee
            guard let list = UnsafePointer<UInt64>(bitPattern: UInt(given.mfn_list)) else {
                preconditionFailure("the domain builder gave no p2m list")
            }
            let frames = PVFrames(machineFrames: list, count: given.nr_pages)
            mode = .pv
            rootTable = given.pt_base
            paging = .pv(frames)
            frameLists = FrameLists(
                of: frames, first: PseudophysicalFrame(containing: given.mfn_list),
                frameCount: given.nr_pages)
            memory.insert(FrameRange(.zero, PseudophysicalFrame(rawValue: given.nr_pages)))
            frameCount = given.nr_pages
            reserved.insert(FrameRange(.zero, PseudophysicalFrame(rawValue: 1)))
            reserved.insert(Self.builderFrames(given))
            commandLine = Self.commandLine(of: start)
            console = Self.ring(given.console.domU.mfn, given.console.domU.evtchn, given, frames)
            store = Self.ring(given.store_mfn, given.store_evtchn, given, frames)
            Self.mapSharedInfo(given.shared_info, hypervisor: hypervisor)
        }

        private static func builderFrames(_ given: start_info) -> FrameRange {
            let image = PseudophysicalFrame(containing: address_of_apus_image_start())
            let tables = PseudophysicalFrame(containing: given.pt_base)
            let stack = tables.advanced(by: given.nr_pt_frames)
            return FrameRange(image, stack.advanced(by: 1))
        }

        private static func commandLine(
            of start: UnsafePointer<start_info>
        ) -> UnsafeRawBufferPointer {
            let text = UnsafeRawPointer(start) + Int(offset_of_start_info_cmd_line)
            return .terminated(text, limit: Int(MAX_GUEST_CMDLINE))
        }

        private static func ring(
            _ machineFrame: xen_pfn_t, _ port: UInt32, _ given: start_info, _ frames: PVFrames
        ) -> ToolstackRing? {
            // The first domain's console is Xen's own, and the store is to be its own doing.
            guard given.flags & UInt32(SIF_INITDOMAIN) == 0, port != 0 else { return nil }
            return ToolstackRing(
                page: frames.ownFrame(of: MachineFrame(rawValue: machineFrame)),
                port: Port(rawValue: port))
        }

        private static func mapSharedInfo(_ machineAddress: UInt64, hypervisor: Hypervisor) {
            let machine = machineAddress >> Page.shift
            let entry = PagingMode.entry(machineFrame: MachineFrame(rawValue: machine), .readWrite)
            do throws(XenError) {
                try hypervisor.updateMapping(of: address_of_apus_shared_info(), to: entry)
            } catch {
                preconditionFailure("Xen refused to map the shared info page")
            }
        }
    }
#endif
