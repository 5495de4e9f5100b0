"""Thresholds of the garbage collector, measured for a process that builds large trees once."""

import gc

_WHILE_LOADING = 10_000_000
"""Objects between collections. A plan over 10,000 definitions keeps 1,100,000 and leaves 1,000 in cycles: one
collection takes a tenth of its time, and Python's default of 700 would take two fifths."""
_WHILE_APPLYING = 10_000
"""Requests leave cycles behind: rarely collected, they amount to 80 MiB after 10,000 requests."""


def expect_loading() -> None:
    """Collect rarely."""
    gc.set_threshold(_WHILE_LOADING, 10, 10)


def expect_requests() -> None:
    """Collect often, and exempt everything loaded so far."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_WHILE_APPLYING, 10, 10)
