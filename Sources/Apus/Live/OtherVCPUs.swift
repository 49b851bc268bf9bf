// The vCPUs beside the one that runs the application.
#if hasFeature(Embedded)
    import CArch
    import Hypercalls
    import Lifecycle
    import Memory

    extension Kernel {
        /// What starts the other vCPUs, parks them, brings them up and takes them down.
        func makeParkedVCPUs() -> ParkedVCPUs {
            let mode: VCPUStart.Mode =
                switch information.paging {
                case .pv(let frames):
                    .pv(
                        root: frames.machineFrame(
                            of: PseudophysicalFrame(containing: information.rootTable)))
                case .pvh: .pvh(root: information.rootTable)
                }
            return ParkedVCPUs(
                hypervisor: Live.hypervisor,
                start: VCPUStart(
                    mode: mode, entry: address_of_apus_parked(),
                    stacks: address_of_apus_parked_stacks(),
                    callback: address_of_apus_upcall_pv()))
        }
    }
#endif
