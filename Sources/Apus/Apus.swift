// The umbrella: what `import Apus` brings.

@_exported import XenStore
@_exported import _Concurrency

@_exported import struct Clock.Timekeeper
@_exported import struct Clock.WallTime
@_exported import struct Grants.CopyBatch
@_exported import struct Grants.CopyPlace
@_exported import enum Grants.GrantAccess
@_exported import enum Grants.GrantVersion
@_exported import struct Grants.QuarantineStatistics
@_exported import struct Hypercalls.GrantStatus
@_exported import struct Hypercalls.XenVersion
@_exported import enum Lifecycle.ShutdownRequest
@_exported import struct Memory.HeapStatistics
@_exported import struct Platform.DevicePlatform
@_exported import struct XenTypes.DomainID
@_exported import struct XenTypes.GrantReference
@_exported import struct XenTypes.Port
@_exported import struct XenTypes.XenError
