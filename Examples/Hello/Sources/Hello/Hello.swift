import Apus

@main
struct Hello {
    static func main() async {
        print("Hello from Swift, booted as \(Guest.mode)")
        print("memory: \(Guest.memoryByteCount >> 20) MiB, vCPUs: \(Guest.vCPUCount)")
        if let version = Guest.xenVersion { print("Xen \(version)") }
    }
}
