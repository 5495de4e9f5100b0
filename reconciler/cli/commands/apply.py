"""`reconciler apply`: carry out a plan."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import (
    OUTPUT_FILE,
    Format,
    accept_option,
    output_option,
    selection_options,
    source_options,
)
from reconciler.cli.session import session

if TYPE_CHECKING:
    from reconciler.plan.approval import Approval


@click.command()
@source_options
@selection_options
@accept_option
@click.option(
    "--plan", "plan_path", metavar="FILE", type=OUTPUT_FILE, help="Apply exactly this saved plan, or nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask for approval; required without a terminal.")
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1, 64),
    help="Number of actions at once. Default: from the settings.",
)
@output_option(Format.TEXT, Format.JSON)
def command(
    *,
    rev: str | None,
    url: str | None,
    ref: str | None,
    targets: tuple[str, ...],
    only: tuple[str, ...],
    accepted: "tuple[Approval, ...]",
    plan_path: Path | None,
    yes: bool,
    concurrency: int | None,
    form: str,
) -> int:
    """Carry out the plan, in dependency order.

    Shows the plan and asks for approval. --yes and --plan count as approval;
    without a terminal, only --yes does. Ctrl-C finishes the actions under way
    and starts no new one. The last line says whether running again is safe and
    useful.

    \b
    Examples:
      reconciler apply
      reconciler apply --plan plan.json --yes
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.applying import Given, applied  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.consent import require_terminal  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.interrupt import stop_on_signals  # noqa: PLC0415  as above
    from reconciler.cli.output import show  # noqa: PLC0415  as above
    from reconciler.cli.plan_file import read_plan  # noqa: PLC0415  as above
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    asked = request(
        current, Purpose.APPLY,
        rev=rev, url=url, ref=ref, targets=targets, only=only, concurrency=concurrency,
    )  # fmt: skip
    if not yes:
        require_terminal(asked)
    bound = read_plan(plan_path) if plan_path is not None else None
    given = Given(frozenset(accepted), bound, is_approved=yes or bound is not None, form=form)
    with stop_on_signals(current.deeds) as interruption:  # until the result block is printed
        result, announced = applied(current, asked, given, interruption)
        show(result, form, current, announced=announced)
    return result.exit_code()
