// The texts of `apus help`.

enum Help {
    static let general = """
        apus: build, boot and test Swift unikernels for Xen

        Usage: apus COMMAND ...

          run NAME       build NAME, boot it as a domU and show its console
          build NAME     build NAME; the last line is the path of its image
          test           run the project's tests
          fuzz [NAME]    run the fuzzers of the decoders
          bench NAME     measure a guest beside Linux on the same Xen
          doctor         say what this machine lacks, and how to install it
          help COMMAND   all about a command

        Xen needs no Xen machine here: it runs under software emulation.

        \(environment)

        \(ExitCode.table)
        """

    private static let environment = """
        Environment:
          APUS_CACHE     where root images are kept (else $XDG_CACHE_HOME/apus,
                         else ~/.cache/apus)
          APUS_MIRROR    the Debian mirror to build them from (else that of apt)
        """

    static let commands = [
        "run": run, "build": build, "test": test, "fuzz": fuzz, "bench": bench,
        "doctor": doctor,
    ]

    private static let run = """
        Usage: apus run NAME [options] [-- argument...]

        Builds NAME and boots it as a domU. Its console comes to standard output, standard
        input goes to its console, and its exit status becomes that of apus. After a crash the
        addresses of the backtrace come with function, file and line.

        NAME is a product of the package in the current directory, else the package in
        Examples/NAME, or, with a slash in it, the path of an image.

          --mode pv|pvh|qemu  PV or PVH on the Xen hypervisor, or PVH under QEMU's Xen
                              emulation (default: pvh)
          --memory MIB        the domain's memory (default: 64)
          --vcpus N           its processors (default: 1)
          --package DIR       look for NAME in this package
          --xen 4.20|4.17     the release of Xen (default: 4.20)
          --store NAME        its store: xenstored (default) or oxenstored
          --timeout SECONDS   end it after this long (default: never)
          --mirror URL        the Debian mirror for the root image, which is built at first use

        What follows -- are the application's arguments.

        \(environment)

        \(ExitCode.table)
        """

    private static let build = """
        Usage: apus build NAME [--package DIR]

        Builds NAME, a product of the package in the current directory (or DIR) or the package
        in its Examples/NAME, for Xen. The last line of the output is the path of the stripped
        image; the one with symbols is beside it and ends in .debug.

        \(ExitCode.table)
        """

    private static let test = """
        Usage: apus test [--unit | --boot] [--filter NAME]

        Runs the project's tests and ends with the line "N passed, N failed".

          --unit         only those that need no hypervisor
          --boot         only those that boot images (the target BootTests)
          --filter NAME  only suites and tests whose name matches this regular expression

        \(environment)

        \(ExitCode.table)
        """

    private static let fuzz = """
        Usage: apus fuzz [NAME] [--seconds N]

        Builds the fuzzers of Tests/Fuzz and runs NAME, or all but the canary: over the committed
        corpus, then on inputs of their own. What does harm is kept in a file that the last line
        names, and the status is 1. What widened the coverage is kept for the next run.

          --seconds N    how long each runs (default: 60); 0 for the corpus only

        FuzzCanary has a planted fault and proves that the others would be found.

        \(ExitCode.table)
        """

    private static let bench = """
        Usage: apus bench block [options]

        Boots Xen with the guest of Tests/Benchmarks and a Linux domU side by side, both with the
        same kind of disk over the same file, and lets them take turns. Prints a table: medians,
        the spread (how far the greatest value is from the least, as a part of the median), and the
        ratio, which is above 1 where Apus is better. A second machine, on which a nanosecond is an
        instruction, counts instructions.

          --mode pv|pvh  how both are booted (default: pvh)
          --runs N       of each side for each row (default: 3)
          --seconds N    that a run takes, after as many of warming up (default: 2)
          --milliseconds N
                         the same in milliseconds
          --counted      all rows on the machine that counts instructions: a thousand million of
                         them are a second. Slow, and the same however busy this host is
          --grants kept|each
                         the guest lends its buffers once, as Linux does, or for each request
                         (default: kept)
          --filter TEXT  only rows whose name has TEXT in it
          --json         an array of objects with name, unit, apus, peer, peerName and ratio
          --mirror URL   the Debian mirror for the root image, which is built at first use

        What the rows mean: Documentation/benchmarks.md.

        \(environment)

        \(ExitCode.table)
        """

    private static let doctor = """
        Usage: apus doctor [--install]

        Says which tools this machine lacks, and the line that installs them.

          --install      install them (as root)

        \(ExitCode.table)
        """
}
