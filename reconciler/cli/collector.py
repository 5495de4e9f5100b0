"""How often Python collects garbage: measured choices for a process that builds large trees once."""

import gc

_WHILE_LOADING = 200_000
"""Objects between collections. Loading and planning make hardly a cycle; with Python's default of 700 the collector
takes two fifths of a plan over 10,000 definitions."""
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
