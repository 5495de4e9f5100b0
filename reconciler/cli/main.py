"""Entry point of the `reconciler` command."""

import os
import sys
from typing import NoReturn

from reconciler.cli.collector import expect_loading
from reconciler.cli.leaving import leave
from reconciler.cli.program import program
from reconciler.cli.stream import open_closed


def run() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    open_closed()
    _leave_out_what_is_not_used()
    expect_loading()
    try:
        program.main(prog_name="reconciler")
    except SystemExit as ended:
        leave(ended)
    raise AssertionError("main exits")


def _leave_out_what_is_not_used() -> None:
    """Keep libraries from loading parts that are not used here: a tenth of the start-up time of a plan."""
    # A plugin would see every document, secrets included.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # httpx imports its own command line, and all of rich with it, but works without.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None makes the import fail
