// Whether an image can boot in a mode, said before anything is started.

import Foundation

public enum ImageCheck {
    private static let entryNote: UInt32 = 1
    private static let physicalEntryNote: UInt32 = 18

    /// - Throws: `notFound`, or `wrongImage` with the first thing that is wrong.
    public static func check(_ image: URL, for mode: BootMode) throws(RigError) {
        guard let bytes = FileManager.default.contents(atPath: image.path) else {
            throw .notFound("\(image.path): cannot read this image")
        }
        if let reason = reasonAgainst(Array(bytes), for: mode) {
            throw .wrongImage(path: image.path, reason: reason)
        }
    }

    /// What is wrong with `bytes` for `mode`; nil when nothing is.
    static func reasonAgainst(_ bytes: [UInt8], for mode: BootMode) -> String? {
        let image: ELFImage
        do throws(ELFImage.Fault) {
            image = try ELFImage(bytes)
        } catch {
            return text(for: error)
        }
        if image.xenNotes.isEmpty {
            return "has no Xen notes: it was not built with Apus's linker/toolset.json"
        }
        switch mode {
        case .pv where !image.xenNotes.contains(entryNote):
            return "has no Xen note for PV (ENTRY)"
        case .pvh, .qemu:
            let hasEntry = image.xenNotes.contains(physicalEntryNote)
            return hasEntry ? nil : "has no Xen note for PVH (PHYS32_ENTRY)"
        case .pv:
            return nil
        }
    }

    private static func text(for fault: ELFImage.Fault) -> String {
        switch fault {
        case .notELF: "is not an ELF image"
        case .not64Bit: "is not a 64-bit little-endian ELF image"
        case .notX86: "is not an image for x86-64"
        case .truncated: "is truncated: it ends before what its header promises"
        case .malformed: "is not an executable: it has no table of segments"
        }
    }
}
