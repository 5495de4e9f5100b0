"""Entry point of the `reconciler` command."""

from typing import NoReturn

from reconciler.cli.collector import expect_loading
from reconciler.cli.program import program


def run() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    expect_loading()
    program.main(prog_name="reconciler")
    raise AssertionError("main exits")
