import Apus

@main
struct Hello {
    static func main() async {
        print("Hello from Swift")
    }
}
