// The umbrella: what `import Apus` brings.

@_exported import XenStore
@_exported import _Concurrency

@_exported import struct Clock.WallTime
@_exported import struct Hypercalls.XenVersion
@_exported import enum Lifecycle.ShutdownRequest
@_exported import struct Memory.HeapStatistics
