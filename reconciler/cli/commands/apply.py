"""`reconciler apply`: carry out a plan."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import (
    OUTPUT_FILE,
    Format,
    accept_option,
    file_option,
    output_option,
    reading_options,
    selection_options,
    source_options,
)
from reconciler.cli.session import session
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.passes.result import PassResult
    from reconciler.plan.approval import Approval
    from reconciler.plan.saved import SavedPlan


@click.command()
@source_options
@file_option
@selection_options
@reading_options
@accept_option
@click.option(
    "--plan", "plan_path", metavar="FILE", type=OUTPUT_FILE, help="Apply exactly this saved plan, or nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask; required without a terminal.")
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1, 64),
    help="Actions at once; default: the settings.",
)
@output_option(Format.TEXT, Format.JSON)
def command(
    *,
    rev: str | None,
    url: str | None,
    ref: str | None,
    files: tuple[Path, ...],
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
        rev=rev, url=url, ref=ref, targets=targets, only=only, files=files, concurrency=concurrency,
    )  # fmt: skip
    if not yes:
        require_terminal(asked)
    bound = read_plan(plan_path) if plan_path is not None else None
    given = Given(frozenset(accepted), bound, is_approved=yes or bound is not None, form=form)
    with stop_on_signals(current.deeds) as interruption:  # until the result block is printed
        result, announced = applied(current, asked, given, interruption)
        show(result, form, current, announced=announced)
    if plan_path is not None and bound is not None and result.outcomes:
        _note(plan_path, bound, result)
    return result.exit_code()


def _note(path: Path, bound: "SavedPlan", result: "PassResult") -> None:
    """Add the result to the saved plan, for `show`; a file that cannot be written is no failure of the apply."""
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.plan_file import write_plan  # noqa: PLC0415  as above
    from reconciler.views import outcome_text, saved_text  # noqa: PLC0415  as above

    page = outcome_text.page_of(result, detail=session().detail)
    applied = tuple(saved_text.as_json(page.paragraphs))
    try:
        write_plan(path, replace(bound, applied=applied, applied_at=result.started_at.isoformat()))
    except UsageError as error:
        notice(f"the result was not added to the saved plan: {error}")
