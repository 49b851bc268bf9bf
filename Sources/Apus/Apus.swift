// The umbrella: what `import Apus` brings.

@_exported import struct Hypercalls.XenVersion
@_exported import _Concurrency
