"""The command line: arguments in, one result out, an exit code at the end."""
