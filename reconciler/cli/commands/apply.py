"""`reconciler apply`: carry out a plan."""

import sys
from dataclasses import dataclass, replace
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
from reconciler.cli.session import Session, session
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.cli.interrupt import Interruption
    from reconciler.cli.passes import Composition
    from reconciler.cli.request import Request
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
    given = _Given(frozenset(accepted), bound, is_approved=yes or bound is not None, form=form)
    with stop_on_signals(current.deeds) as interruption:  # until the result block is printed
        result, announced = _apply(current, asked, given, interruption)
        show(result, form, current, announced=announced)
    if plan_path is not None and bound is not None and result.outcomes:
        _note(plan_path, bound, result)
    return result.exit_code()


@dataclass(frozen=True, slots=True)
class _Given:
    """Approvals given on the command line; `is_approved` is true where there is no question."""

    accepted: "frozenset[Approval]"
    bound: "SavedPlan | None"
    is_approved: bool
    form: str


def _apply(
    current: Session, asked: "Request", given: _Given, interruption: "Interruption"
) -> "tuple[PassResult, PassResult | None]":
    """The result of the pass, and the plan if it was shown; a declined plan is part of the result."""
    from reconciler.cli.collector import expect_requests  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.passes import run_pass  # noqa: PLC0415  as above
    from reconciler.cli.progress import ProgressLines  # noqa: PLC0415  as above

    refusals: list[str] = []
    announced: list[PassResult] = []

    def approve(planned: "PassResult") -> bool:
        expect_requests()
        if not planned.carried_out:
            return True
        _show_plan(current, planned, given.form)
        announced.append(planned)
        if given.is_approved or not any(action.writes_orchestrator for action in planned.carried_out):
            return True
        is_yes = _ask(interruption)
        if not is_yes:
            refusals.append("You did not approve the plan.")
        return is_yes

    def work(composed: "Composition") -> "PassResult":
        from reconciler.passes.reconcile import apply  # noqa: PLC0415  as above

        stream = sys.stdout if given.form == Format.TEXT else sys.stderr
        with ProgressLines(current, stream) as observer:
            return apply(
                composed.settings,
                composed.adapters,
                composed.selection,
                accepted=given.accepted,
                bound=given.bound,
                approve=lambda planned: observer.paused(lambda: approve(planned)),
                observer=observer,
                stop=interruption.stop,
            )

    result = run_pass(asked, work)
    if refusals:
        result = replace(result, advice=refusals[0], error_code=ExitCode.REFUSED)
    return result, announced[-1] if announced else None


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


def _show_plan(current: Session, planned: "PassResult", form: str) -> None:
    """Print the plan, so that it appears before the outcomes."""
    from reconciler.cli.output import announcement, write  # noqa: PLC0415  help must not wait for it

    stream = sys.stdout if form == Format.TEXT else sys.stderr
    write(stream, announcement(planned, current, stream))


def _ask(interruption: "Interruption") -> bool:
    """Ask for approval; anything but yes means no."""
    with interruption.asking():
        return click.confirm("Apply this plan?", default=False, err=True)
