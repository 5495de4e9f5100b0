"""Where the record of what we own is kept: files or a Git ref."""
