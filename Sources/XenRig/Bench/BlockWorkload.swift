// What is done to a disk, the same on both sides.

/// One way to use a disk: requests of one size, some of them in flight at any time.
public struct BlockWorkload: Equatable, Sendable {
    public enum Pattern: String, Sendable {
        case randomRead = "randread"
        case randomWrite = "randwrite"
        case sequentialRead = "read"
        case sequentialWrite = "write"

        var isRandom: Bool { self == .randomRead || self == .randomWrite }

        /// As in "block random read 4 KiB".
        var words: String {
            switch self {
            case .randomRead: "random read"
            case .randomWrite: "random write"
            case .sequentialRead: "sequential read"
            case .sequentialWrite: "sequential write"
            }
        }
    }

    /// When it is over.
    public enum Length: Equatable, Sendable {
        /// After as long a time again in which nothing is counted: what is done for the first
        /// time, such as a process's first touch of its pages, is no part of the figure.
        case milliseconds(Int)
        case requests(Int)
    }

    public let pattern: Pattern
    public let requestBytes: Int
    /// Requests in flight.
    public let depth: Int

    public init(_ pattern: Pattern, requestBytes: Int, depth: Int) {
        self.pattern = pattern
        self.requestBytes = requestBytes
        self.depth = depth
    }

    /// The rows of `apus bench block`.
    public static let measured: [BlockWorkload] = {
        let random = [Pattern.randomRead, .randomWrite].flatMap { pattern in
            [1, 32, 128].map { BlockWorkload(pattern, requestBytes: 4096, depth: $0) }
        }
        let sequential = [Pattern.sequentialRead, .sequentialWrite].map {
            BlockWorkload($0, requestBytes: 131_072, depth: 8)
        }
        return random + sequential
    }()

    /// Those whose instructions are counted.
    public static let counted = [
        BlockWorkload(.randomRead, requestBytes: 4096, depth: 1),
        BlockWorkload(.randomRead, requestBytes: 4096, depth: 32),
        BlockWorkload(.randomWrite, requestBytes: 4096, depth: 32),
    ]

    /// Operations where their number is the limit, bytes where their size is.
    public var unit: BenchUnit { pattern.isRandom ? .operationsPerSecond : .megabytesPerSecond }

    /// `block random read 4 KiB depth 32`; of sequential work the depth is always the same.
    public var name: String {
        let depth = pattern.isRandom ? " depth \(depth)" : ""
        return "block \(pattern.words) \(requestBytes >> 10) KiB\(depth)"
    }

    /// `block instructions per 4 KiB read depth 32`.
    public var instructionsName: String {
        let verb = pattern.words.split(separator: " ").last ?? ""
        return "block instructions per \(requestBytes >> 10) KiB \(verb) depth \(depth)"
    }

    /// The order to the guest in Tests/Benchmarks.
    func order(device: String, _ length: Length) -> String {
        let end =
            switch length {
            case .milliseconds(let count): "warmup=\(count) milliseconds=\(count)"
            case .requests(let count): "requests=\(count)"
            }
        return "block device=\(device) pattern=\(pattern.rawValue) bytes=\(requestBytes) "
            + "depth=\(depth) \(end)"
    }

    /// The order to Linux: fio past the page cache, with libaio. What only costs the peer is off:
    /// the map of blocks already used, the clock for each request, new contents for each write.
    func fioCommand(device: String, _ length: Length) -> String {
        let end =
            switch length {
            case .milliseconds(let count):
                "--time_based --ramp_time=\(count)ms --runtime=\(count)ms"
            case .requests(let count): "--number_ios=\(count)"
            }
        return "fio --name=bench --filename=/dev/\(device) --direct=1 --ioengine=libaio "
            + "--rw=\(pattern.rawValue) --bs=\(requestBytes) --iodepth=\(depth) --norandommap "
            + "--gtod_reduce=1 --zero_buffers --scramble_buffers=0 --eta=never "
            + "--output-format=json \(end)"
    }
}
