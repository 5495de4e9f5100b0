"""`reconciler validate`: check the files alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import (
    Format,
    file_option,
    output_option,
    reading_options,
    selection_options,
    source_options,
)
from reconciler.cli.session import session

if TYPE_CHECKING:
    from reconciler.cli.passes import Composition
    from reconciler.passes.result import PassResult


@click.command()
@source_options
@file_option
@selection_options
@reading_options
@output_option(Format.TEXT, Format.JSON, Format.SARIF, Format.JUNIT, Format.GITHUB)
def command(
    *,
    rev: str | None,
    url: str | None,
    ref: str | None,
    files: tuple[Path, ...],
    targets: tuple[str, ...],
    only: tuple[str, ...],
    form: str,
) -> int:
    """Check the files against every rule that needs only files.

    Needs no token. Rules that must read the orchestrator or a cluster are
    reported as unknown.

    \b
    Examples:
      reconciler validate
      reconciler validate --rev HEAD -o sarif
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.output import show  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.passes import run_pass  # noqa: PLC0415  as above
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    asked = request(
        current, Purpose.VALIDATE, rev=rev, url=url, ref=ref, targets=targets, only=only, files=files
    )

    def work(composed: "Composition") -> "PassResult":
        from reconciler.passes.validate import validate  # noqa: PLC0415  as above

        return validate(composed.settings, composed.adapters, composed.selection)

    result = run_pass(asked, work)
    show(result, form, current)
    return result.exit_code()
