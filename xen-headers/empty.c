/* Nothing to compile: the ABI is headers. */
