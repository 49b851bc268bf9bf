// The umbrella: what `import Apus` brings.

@_exported import _Concurrency
