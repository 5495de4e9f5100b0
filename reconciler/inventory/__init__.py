"""Storage for the record of ownership: files or a Git ref."""
