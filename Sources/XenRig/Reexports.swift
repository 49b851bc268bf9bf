// What a user of the rig meets in its interface, by the name of this module.

import RigTools

/// A failure of the rig, said in one line.
public typealias RigError = RigTools.RigError

/// What a command in dom0 left.
public typealias CommandResult = RigTools.CommandResult
