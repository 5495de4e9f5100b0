"""How often Python collects garbage: measured choices for a process that builds large trees once."""

import gc

_WHILE_LOADING = 1_000_000
"""Objects between collections. A plan over 10,000 definitions keeps 900,000 and leaves 1,000 in cycles: collecting
takes a tenth of it at 200,000, and two fifths at Python's default of 700."""
_WHILE_APPLYING = 10_000
"""Requests leave cycles behind: collected rarely they would hold 80 MiB after 10,000 of them."""


def expect_loading() -> None:
    """Collect rarely."""
    gc.set_threshold(_WHILE_LOADING, 10, 10)


def expect_requests() -> None:
    """Collect often, and leave alone what has been loaded by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_WHILE_APPLYING, 10, 10)
