"""`reconciler show`: print a saved plan."""

from pathlib import Path

import click

from reconciler.cli.options import OUTPUT_FILE, no_color_option
from reconciler.cli.session import session
from reconciler.errors import ExitCode


@click.command()
@click.argument("path", metavar="PLANFILE", type=OUTPUT_FILE)
@no_color_option
def command(*, path: Path) -> int:
    """Print a saved plan as it was shown, and its result once it was applied.

    Reads the file alone. What is applied is not the text: `apply --plan` makes
    the plan again, and refuses if anything differs.

    \b
    Examples:
      reconciler show plan.json
      reconciler --color always show plan.json | less -R
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    import sys  # noqa: PLC0415  help must not wait for what follows

    from reconciler.cli.output import width_of, write  # noqa: PLC0415  as above
    from reconciler.cli.plan_file import read_plan  # noqa: PLC0415  as above
    from reconciler.views.saved_text import render  # noqa: PLC0415  as above

    saved = read_plan(path)
    write(sys.stdout, render(saved, width=width_of(sys.stdout), color=session().is_colored(sys.stdout)))
    return ExitCode.DONE
