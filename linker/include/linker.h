/* Nothing to declare: the linker script is this target's resource. */
