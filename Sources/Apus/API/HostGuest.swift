// The same API in a process: so that an application's logic compiles, is tested and is edited on
// a host like any other Swift code.
#if !hasFeature(Embedded)
    import Foundation
    import GuestRuntime
    import Hypercalls

    extension Guest {
        /// Always `.host`.
        public static var mode: GuestMode { .host }

        /// Bytes of memory that the host has.
        public static var memoryByteCount: UInt64 { ProcessInfo.processInfo.physicalMemory }

        /// Processors that the host has.
        public static var vCPUCount: Int { ProcessInfo.processInfo.processorCount }

        /// Nil: there is no Xen underneath.
        public static var xenVersion: XenVersion? { nil }

        /// Ends the process.
        public static func exit(_ status: Int32) -> Never { Foundation.exit(status) }

        static var commandLine: CommandLineArguments {
            let line = CommandLine.arguments.dropFirst().joined(separator: " ")
            return CommandLineArguments(parsing: line.utf8)
        }
    }

    /// Lines of standard input.
    public struct ConsoleLines: AsyncSequence, Sendable {
        public typealias Element = String
        public typealias Failure = Never

        /// One reader.
        public struct AsyncIterator: AsyncIteratorProtocol {
            public typealias Element = String
            public typealias Failure = Never

            /// The next line, or nil at the end of the input. Blocks the thread meanwhile.
            public mutating func next() async -> String? { readLine() }

            /// The next line, on whatever actor the caller is.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async -> String? { readLine() }
        }

        /// A reader of the lines from now on.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
    }

    /// Lines of standard input.
    public var consoleLines: ConsoleLines { ConsoleLines() }
#endif
