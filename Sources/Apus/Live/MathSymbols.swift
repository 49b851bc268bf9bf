// The functions of <math.h> that the Swift compiler calls by name.
#if hasFeature(Embedded)
    import GuestRuntime

    @c(ceil)
    public func apusCeil(_ x: Double) -> Double { FloatingPointFunctions.ceil(x) }

    @c(floor)
    public func apusFloor(_ x: Double) -> Double { FloatingPointFunctions.floor(x) }

    @c(round)
    public func apusRound(_ x: Double) -> Double { FloatingPointFunctions.round(x) }

    @c(fmod)
    public func apusRemainder(_ x: Double, _ y: Double) -> Double {
        FloatingPointFunctions.remainder(x, y)
    }

    /// One instruction, which the compiler puts here for the method, too.
    @c(sqrt)
    public func apusSquareRoot(_ x: Double) -> Double { x.squareRoot() }
#endif
