"""Entry point of the `reconciler` command."""

import os
from typing import NoReturn

from reconciler.cli.collector import expect_loading
from reconciler.cli.leaving import leave
from reconciler.cli.program import program


def run() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    # Looking for plugins costs 10 ms, and one would see every document, secrets included.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    expect_loading()
    try:
        program.main(prog_name="reconciler")
    except SystemExit as ended:
        leave(ended)
    raise AssertionError("main exits")
