// Whether an image can boot in a mode, said before anything is started.

import Foundation
import RigTools

public enum ImageCheck {
    private static let entryNote: UInt32 = 1
    private static let physicalEntryNote: UInt32 = 18

    /// - Throws: `notFound`, or `wrongImage` with the first thing that is wrong.
    public static func check(_ file: URL, for mode: BootMode) throws(RigError) {
        let image = try ELFImage(at: file)
        if let reason = reasonAgainst(image, for: mode) {
            throw .wrongImage(path: file.path, reason: reason)
        }
    }

    /// What is wrong with an image for `mode`; nil when nothing is.
    static func reasonAgainst(_ image: ELFImage, for mode: BootMode) -> String? {
        let notes: Set<UInt32>
        do throws(ELFImage.Fault) {
            notes = try image.xenNotes()
        } catch {
            return "\(error)"
        }
        if notes.isEmpty {
            return "has no Xen notes: it was not built with Apus's linker/toolset.json"
        }
        switch mode {
        case .pv where !notes.contains(entryNote):
            return "has no Xen note for PV (ENTRY)"
        case .pvh, .qemu:
            let hasEntry = notes.contains(physicalEntryNote)
            return hasEntry ? nil : "has no Xen note for PVH (PHYS32_ENTRY)"
        case .pv:
            return nil
        }
    }
}
