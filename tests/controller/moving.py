"""A clock that tests move, and results for passes to return."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from reconciler.diff.change import Change, Diff, Group
from reconciler.errors import ExitCode
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.place import organization
from reconciler.model.state import Resource
from reconciler.passes.result import PassResult, Purpose, SourceInfo, TargetResult
from reconciler.plan.action import Action, Outcome, Status, TargetPlan, Verb

START = datetime(2026, 1, 1, tzinfo=UTC)


class MovingClock:
    """Waiting takes no time: it moves the clock and runs what is scheduled for the time in between."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._planned: list[tuple[float, Callable[[], None]]] = []

    def at(self, seconds: float, happens: Callable[[], None]) -> None:
        self._planned.append((seconds, happens))
        self._planned.sort(key=lambda entry: entry[0])

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, event: threading.Event, seconds: float) -> None:
        until = self.seconds + seconds
        while not event.is_set() and self._planned and self._planned[0][0] <= until:
            moment, happens = self._planned.pop(0)
            self.seconds = max(self.seconds, moment)
            happens()
        if not event.is_set():
            assert self._planned, "the loop waits and nothing will ever happen"
            self.seconds = until


AGENT = ResourceKey(organization("acme"), Kind.AGENT, "eu-1")


def change(*, is_drift: bool = False) -> Change:
    return Change(AGENT, Group.UPDATE, is_drift=is_drift)


def outcome(status: Status, *, is_transient: bool = False) -> Outcome:
    return Outcome(Action(Verb.UPDATE, AGENT, change()), status, is_transient=is_transient)


def target(
    *outcomes: Outcome,
    error: str = "",
    is_transient: bool = False,
    inventory_error: str = "",
    drifted: int = 0,
    owned: int = 0,
    keys: Mapping[str, str] | None = None,
) -> TargetResult:
    """One target; without an `error` it has a plan of as many actions as outcomes. `keys` are registered: end by id."""
    name = TargetName("acme")
    changed = [AGENT._replace(id=f"drifted-{number}") for number in range(drifted)]
    changes = {key: Change(key, Group.UPDATE, is_drift=True) for key in changed}
    for identifier, end in (keys or {}).items():
        key = AGENT.beside(Kind.KEY, identifier)
        changes[key] = Change(key, Group.UNCHANGED, live=Resource(key, {}, status={"expired_at": end}))
    diff = Diff(changes)
    actions = tuple(entry.action for entry in outcomes)
    plan = TargetPlan(name, "acme", diff, actions=actions, counts={Kind.AGENT: (owned, owned, owned)})
    return TargetResult(
        name,
        "acme",
        plan=None if error else plan,
        outcomes=outcomes,
        error=error,
        is_transient=is_transient,
        inventory_error=inventory_error,
    )


def passed(
    *targets: TargetResult,
    revision: str = "",
    findings: tuple[Finding, ...] = (),
    changed: tuple[str, ...] = (),
    error: str = "",
    error_code: ExitCode | None = None,
    stopped: bool = False,
    seconds: float = 0.0,
    requests: Mapping[str, int] | None = None,
) -> PassResult:
    """An apply, by default of one target that has nothing to do."""
    return PassResult(
        purpose=Purpose.APPLY,
        source=SourceInfo("repository", revision),
        started_at=START,
        findings=findings,
        targets=targets or (target(),),
        changed=changed,
        error=error,
        error_code=error_code,
        stopped=stopped,
        seconds=seconds,
        requests=dict(requests or {}),
    )


def finding(message: str = "not good") -> Finding:
    return Finding("R68", Severity.ERROR, message, Origin("a.yaml", 1, 1))
