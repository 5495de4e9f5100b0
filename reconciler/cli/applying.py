"""One apply for a command: the plan is shown, approval is asked for, and progress is reported."""

import sys
from dataclasses import dataclass, replace

import click

from reconciler.cli.collector import expect_requests
from reconciler.cli.interrupt import Interruption
from reconciler.cli.options import Format
from reconciler.cli.output import announcement, write
from reconciler.cli.passes import Composition, run_pass
from reconciler.cli.progress import ProgressLines
from reconciler.cli.request import Request
from reconciler.cli.session import Session
from reconciler.errors import ExitCode
from reconciler.passes.reconcile import apply, plan
from reconciler.passes.result import PassResult
from reconciler.plan.approval import Approval
from reconciler.plan.saved import SavedPlan


@dataclass(frozen=True, slots=True)
class Given:
    """Approvals given on the command line; `is_approved` is true where there is no question.

    `name` is what has to be typed in place of yes, "" for yes.
    """

    accepted: frozenset[Approval]
    bound: SavedPlan | None
    is_approved: bool
    form: str
    name: str = ""


def planned(asked: Request) -> PassResult:
    """The result of planning alone."""

    def work(composed: Composition) -> PassResult:
        result, _ = plan(composed.settings, composed.adapters, composed.selection, accepted=frozenset())
        return result

    return run_pass(asked, work)


def applied(
    current: Session, asked: Request, given: Given, interruption: Interruption
) -> tuple[PassResult, PassResult | None]:
    """The result of the pass, and the plan if it was shown; a declined plan is part of the result."""
    refusals: list[str] = []
    announced: list[PassResult] = []

    def approve(planned: PassResult) -> bool:
        expect_requests()
        if not planned.carried_out:
            return True
        _show_plan(current, planned, given.form)
        announced.append(planned)
        if given.is_approved or not any(action.writes_orchestrator for action in planned.carried_out):
            return True
        is_yes = _ask(interruption, given.name)
        if not is_yes:
            refusals.append("You did not approve the plan.")
        return is_yes

    def work(composed: Composition) -> PassResult:
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


def _show_plan(current: Session, planned: PassResult, form: str) -> None:
    """Print the plan, so that it appears before the outcomes."""
    stream = sys.stdout if form == Format.TEXT else sys.stderr
    write(stream, announcement(planned, current, stream))


def _ask(interruption: Interruption, name: str) -> bool:
    """Ask for approval; anything but yes, or the name where one is asked for, means no."""
    with interruption.asking():
        if name:
            typed: str = click.prompt(f"Type {name} to go on", default="", show_default=False, err=True)
            return typed == name
        return click.confirm("Apply this plan?", default=False, err=True)
