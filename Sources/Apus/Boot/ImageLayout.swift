// The image's own memory: what may be done with which page, from the linker script's symbols.
#if hasFeature(Embedded)
    import CArch
    import Memory
    import XenTypes

    enum ImageLayout {
        /// What a frame of the image's chunks may be used for.
        static func protection(of frame: PseudophysicalFrame) -> Protection {
            let address = frame.address
            if address == 0 || isGuardPage(address) { return .none }
            if address < address_of_apus_image_start() { return .readWrite }
            if address < address_of_apus_text_end() { return .readExecute }
            if address < address_of_apus_rodata_end() { return .readOnly }
            return .readWrite
        }

        static func isGuardPage(_ address: UInt64) -> Bool {
            let page = address & ~UInt64(Page.byteCount - 1)
            return page == address_of_apus_stack_guard()
                || page == address_of_apus_fault_stack_guard()
        }

        /// Whether a whole frame record of two words lies on one of the stacks.
        static func isOnStack(_ address: UInt64) -> Bool {
            let bottom = address_of_apus_fault_stack_guard()
            return address > bottom && address <= address_of_apus_stack_top() - 16
                && !isGuardPage(address)
        }

        static func isText(_ address: UInt64) -> Bool {
            address >= address_of_apus_image_start() && address < address_of_apus_text_end()
        }

        /// Runs what C and C++ code in the image wants run before `main`.
        static func runInitializers() {
            typealias Initializer = @convention(c) () -> Void
            var place = address_of_apus_init_array_start()
            while place < address_of_apus_init_array_end() {
                let slot = UnsafePointer<Initializer>(bitPattern: UInt(place))
                slot?.pointee()
                place += UInt64(MemoryLayout<Initializer>.stride)
            }
        }
    }
#endif
