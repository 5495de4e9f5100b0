"""One pass on behalf of a command: compose, run, and make a result even of what stops it early."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.cli.interrupt import ending_at_once
from reconciler.cli.options import SourceOptions
from reconciler.cli.output import notice
from reconciler.cli.session import Session
from reconciler.cli.waiting import WaitingNotices
from reconciler.cli.wiring import Composition, Request, compose
from reconciler.errors import ReconcilerError, SettingsError, UsageError
from reconciler.model.finding import sort_findings
from reconciler.passes.result import PassResult, Purpose, SourceInfo


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    purpose: Purpose
    source: SourceOptions
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    concurrency: int | None = None
    saves_plan: bool = False


def run_pass(session: Session, asked: Asked, work: Callable[[Composition], PassResult]) -> PassResult:
    """Run `work` with everything composed. Expected failures become a result; wrong usage is raised.

    So every format gets its one document, whatever happens.
    """
    started = datetime.now(UTC)
    try:
        with composing(session, asked) as composed:
            if composed.is_local:
                notice(_without_settings(asked.purpose, composed))
            result = work(composed)
            return replace(
                result,
                findings=sort_findings([*composed.warnings, *result.findings]),
                excerpts={**composed.excerpts, **result.excerpts},
                places=composed.places,
            )
    except UsageError:
        raise
    except ReconcilerError as error:
        return failure(asked.purpose, session, error, started)


@contextmanager
def composing(session: Session, asked: Asked) -> Iterator[Composition]:
    """Open everything for one pass. Long waits are shown, and Ctrl-C ends at once what only looks."""
    wanted = request(session, asked)
    ends_at_once = nullcontext() if wanted.writes else ending_at_once(session)
    with ends_at_once, WaitingNotices(wanted.waits), compose(wanted) as composed:
        yield composed


def _without_settings(purpose: Purpose, composed: Composition) -> str:
    """Say what stands in for the settings file."""
    if purpose is Purpose.VALIDATE:
        return "no settings file: all files are checked for one target, `local`"
    return (
        f"no settings file: using the embedded orchestrator, state in {composed.local_state}; "
        "`reconciler init` writes a settings file"
    )


def request(session: Session, asked: Asked) -> Request:
    """What the composition needs to know of the command line."""
    return Request(
        purpose=asked.purpose,
        directory=session.directory,
        config=session.config,
        source=asked.source,
        targets=asked.targets,
        only=asked.only,
        environment=session.environment,
        concurrency=asked.concurrency,
        saves_plan=asked.saves_plan,
    )


def failure(purpose: Purpose, session: Session, error: ReconcilerError, started: datetime) -> PassResult:
    """The result of a pass that an expected failure ended before anything was written."""
    return PassResult(
        purpose,
        SourceInfo(str(session.directory)),
        started,
        findings=error.findings if isinstance(error, SettingsError) else (),
        excerpts=error.excerpts if isinstance(error, SettingsError) else {},
        error=str(error),
        advice=error.advice,
        error_code=error.exit_code,
    )
