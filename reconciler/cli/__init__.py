"""The command line: arguments in, one result and an exit code out."""
