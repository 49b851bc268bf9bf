// The command's entry: which subcommand, and how its end becomes an exit status.

import Foundation
import XenRig

exit(await CommandLineEntry.run(Array(CommandLine.arguments.dropFirst())).rawValue)
