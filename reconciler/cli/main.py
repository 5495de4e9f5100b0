"""Entry point of the `reconciler` command."""

import gc
from typing import NoReturn

from reconciler.cli.program import program

_COLLECT_AFTER = 200_000
"""Objects between collections. A pass builds large trees and hardly a cycle: with Python's default of 700 the
collector takes two fifths of a plan over 10,000 definitions (benchmarks)."""


def run() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
    program.main(prog_name="reconciler")
    raise AssertionError("main exits")
