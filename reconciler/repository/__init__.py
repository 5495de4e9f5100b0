"""All use of Git, for `source` and `inventory`: running, limits, caching and reading."""
