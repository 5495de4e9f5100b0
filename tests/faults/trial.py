"""One trial: a fault happens to one call, then it is gone, and runs follow until nothing is left to do."""

import contextlib
import json
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from reconciler.emulator import Entry, FaultRule
from reconciler.errors import ExitCode
from reconciler.model.identity import ResourceKey
from reconciler.orchestrator import http
from reconciler.passes.result import PassResult
from reconciler.plan.saved import SavedPlan
from reconciler.views import github, junit, markdown, sarif, text
from reconciler.views import json as json_view
from tests.faults import estate
from tests.faults.call import Call, recorded
from tests.faults.canary import CANARIES
from tests.faults.disturbance import Disturbance
from tests.faults.fault import Fault
from tests.faults.ground import Ground
from tests.scenarios.test_crash_safety import counts

MOST_ROUNDS = 3
"""Runs that may be needed after a fault; an absence must be seen by two of them."""
LONGEST_RUN_S = 10.0
"""Real time of one run; far above the undisturbed one, below what never ends (`tricks.DRIP_S`)."""
ANSWER_S = 3.0
"""Replaces the client's limit for one answer, so that a trial of endless ones does not take minutes."""
SILENCE_S = 2.0
"""Replaces the client's limit between two bytes."""

_LATER_S = 7_200
"""How much later the fault is gone, on the clock of the server."""


@dataclass(frozen=True)
class Run:
    """One command: its result or what it raised, and what it cost. `effects` are its changes on the server."""

    name: str
    result: PassResult | None
    raised: BaseException | None
    seconds: float
    requests: int
    grown_bytes: int
    waits_s: tuple[float, ...]
    effects: tuple[Entry, ...]
    verbs: frozenset[str]

    @property
    def is_settled(self) -> bool:
        """True for a plan of all targets with nothing to do and nothing to decide."""
        if self.result is None or self.result.error or not self.result.targets:
            return False
        return all(
            target.plan is not None
            and not target.error
            and not (
                target.plan.actions or target.plan.refusals or target.plan.contested or target.plan.problems
            )
            for target in self.result.targets
        )

    @property
    def approvals(self) -> frozenset[str]:
        """What the result asks a person to approve."""
        plans = [target.plan for target in self.result.targets if target.plan] if self.result else []
        refused = {value for plan in plans for refusal in plan.refusals for value in refusal.approvals}
        return frozenset(refused | {f"contested={c.key}" for plan in plans for c in plan.contested})


Entries = dict[str, dict[ResourceKey, tuple[str, str, bool]]]


@dataclass(frozen=True)
class End:
    """What is there when nothing is left to do."""

    live: Mapping[str, object]
    record: Entries
    counts: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Evidence:
    """Everything that a trial showed.

    `organization` is the only one that the fault happens to, "" if there is no single one. `look` is a plan under
    the fault, None for faults of changes.
    """

    organization: str
    look: Run | None
    look_changed: tuple[str, ...]
    run: Run
    after: Run
    rounds: int
    last: Run
    end: End
    wanted: End
    undisturbed: Run
    theirs_changed: bool
    strayed: int
    left_over: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    stays: bool = False
    """True if the fault leaves something behind that the next plan has to show."""
    secrets: tuple[str, ...] = CANARIES
    """What must not show in `texts`."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs under the fault."""
        return (self.run,) if self.look is None else (self.look, self.run)


@contextlib.contextmanager
def short_limits() -> Iterator[None]:
    """Shorten the client's time limits."""
    limits: dict[str, float] = vars(http).get("_TIMEOUTS") or vars(http)["_TIMEOUT"]
    before, longest = dict(limits), http._LONGEST_ANSWER_S
    limits["read"], http._LONGEST_ANSWER_S = SILENCE_S, ANSWER_S
    try:
        yield
    finally:
        limits.update(before)
        http._LONGEST_ANSWER_S = longest


class Trials:
    """Trials on one ground, compared with an undisturbed run that is made first."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._texts: list[tuple[str, str]] = []
        ground.reset()
        self.undisturbed = self._run("apply", self._apply)
        assert self.undisturbed.raised is None, self.undisturbed.raised
        result = self.undisturbed.result
        assert result is not None
        assert result.exit_code() is ExitCode.DONE, (result.error, [t.error for t in result.targets])
        self.calls = recorded(ground.emulator.log.entries())
        plan = self._plan()
        assert plan.is_settled, plan.result
        self.wanted = self._end()

    def http(self, fault: Fault, call: Call) -> Evidence:
        """Evidence of one fault at one call."""
        with short_limits():
            return self.evidence(
                lambda: self._armed(fault, call), organization=call.organization, looks=call.is_read
            )

    def disturbed(self, disturbance: Disturbance) -> Evidence:
        """Evidence of one disturbance."""
        return self.evidence(
            lambda: disturbance.spoil(self.ground),
            organization=disturbance.organization,
            stays=disturbance.stays,
        )

    def evidence(
        self,
        armed: Callable[[], contextlib.AbstractContextManager[object]],
        *,
        organization: str = "",
        looks: bool = True,
        stays: bool = False,
    ) -> Evidence:
        """Evidence of runs in the context that `armed` returns, and of those after it."""
        ground = self.ground
        ground.reset()
        self._texts.clear()
        look: Run | None = None
        changed: tuple[str, ...] = ()
        if looks:
            with armed():
                before = self._everything()
                look = self._plan()
                after = self._everything()
            self._views(look)
            changed = tuple(name for name in before if before[name] != after[name])
            ground.reset()
        with armed():
            run = self._run("apply", self._apply)
        self._views(run)
        ground.proxy.hang_up()
        ground.emulator.faults.clear()
        ground.emulator.clock.advance(seconds=_LATER_S)
        last = first = self._plan()
        approvals = run.approvals
        rounds = 0
        while not last.is_settled and rounds < MOST_ROUNDS:
            approvals |= last.approvals
            asked = tuple(sorted(approvals))
            self._run("apply again", partial(self._apply, *asked))
            rounds += 1
            last = self._plan()
        self._texts += [
            (f"the record {path.name}", path.read_text(errors="replace")) for path in self._files()
        ]
        return Evidence(
            organization=organization,
            look=look,
            look_changed=changed,
            run=run,
            after=first,
            rounds=rounds,
            last=last,
            end=self._end(),
            wanted=self.wanted,
            undisturbed=self.undisturbed,
            theirs_changed=ground.theirs() != ground.theirs_before,
            strayed=ground.proxy.strayed,
            left_over=tuple(self._left_over()),
            texts=tuple(self._texts),
            stays=stays,
        )

    @contextlib.contextmanager
    def _armed(self, fault: Fault, call: Call) -> Iterator[None]:
        times = None if fault.lasts else 1
        if not isinstance(fault.how, FaultRule):
            with self.ground.proxy.playing(fault.how, call.verb, call.pattern, times=times):
                yield
            return
        rule = replace(fault.how, verb=call.verb, path=f"^{call.pattern}$", count=times)
        number = self.ground.emulator.faults.add(rule)
        try:
            yield
        finally:
            self.ground.emulator.faults.remove(number)

    def _views(self, run: Run) -> None:
        # Only of runs under a fault: what a healthy run says is the subject of other tests.
        self._texts += said(run.name, run.result, run.raised)

    def _apply(self, *accepted: str) -> tuple[PassResult, SavedPlan | None]:
        return self.ground.world.apply(*accepted), None

    def _plan(self) -> Run:
        return self._run("plan", self.ground.world.plan_and_save)

    def _run(self, name: str, command: Callable[[], tuple[PassResult, SavedPlan | None]]) -> Run:
        ground = self.ground
        number = max((entry.number for entry in ground.emulator.log.entries()), default=0)
        ground.proxy.requests = 0
        ground.world.waited_s.clear()
        ran = measured(name, command, self._texts)
        entries = ground.emulator.log.entries(after=number)
        return Run(
            name,
            ran.result,
            ran.raised,
            ran.seconds,
            ground.proxy.requests,
            ran.grown_bytes,
            tuple(ground.world.waited_s),
            tuple(entry for entry in entries if entry.effect != "none"),
            frozenset(entry.verb for entry in entries),
        )

    def _end(self) -> End:
        world = self.ground.world
        record: Entries = {}
        for name in estate.ORGANIZATIONS:
            entries = world.store.read(name).entries
            record[name] = {
                key: (str(entry.phase), entry.applied, entry.is_missing) for key, entry in entries.items()
            }
        return End(self.ground.stored(), record, counts(world))

    def _files(self) -> list[Path]:
        return [path for path in self.ground.records.rglob("*") if path.is_file()]

    def _everything(self) -> dict[str, object]:
        """What a look must not change."""
        ground = self.ground
        effects = [entry for entry in ground.emulator.log.entries() if entry.effect != "none"]
        return {
            "the server": effects,
            "the record": ground.recorded(),
            "the files": {p: p.read_bytes() for p in ground.world.root.rglob("*.yaml") if p.is_file()},
        }

    def _left_over(self) -> Iterator[str]:
        expected = re.compile(r"(acme|beta)\.json|\.(acme|beta)\.lock|\.gitignore")
        yield from (f"{p.name} next to the record" for p in self._files() if not expected.fullmatch(p.name))
        wanted = set(estate.files_after())
        root = self.ground.world.root
        found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        strays = (name for name in sorted(found - wanted) if not name.startswith(".git/"))
        yield from (f"{name} in the repository" for name in strays)


@dataclass(frozen=True)
class Measured:
    """What a command returned or raised, and what it took of this process."""

    result: PassResult | None
    raised: BaseException | None
    seconds: float
    grown_bytes: int


def measured(
    name: str,
    command: Callable[[], tuple[PassResult, SavedPlan | None]],
    texts: list[tuple[str, str]],
) -> Measured:
    """Run a command; its log and the plan that it saves are added to `texts`."""
    result, saved, raised = None, None, None
    with logged(texts), Growth() as growth:
        started = time.monotonic()
        try:
            result, saved = command()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is evidence
            raised = error
        seconds = time.monotonic() - started
    if saved is not None:
        texts.append((f"the saved plan of {name}", json.dumps(saved.to_json())))
    return Measured(result, raised, seconds, growth.bytes)


def said(name: str, result: PassResult | None, raised: BaseException | None) -> Iterator[tuple[str, str]]:
    """Every output of a run."""
    if raised is not None:
        yield f"the exception of {name}", "".join(traceback.format_exception(raised))
    if result is not None:
        for view in (text, json_view, markdown, github, junit, sarif):
            yield f"{view.__name__.rpartition('.')[2]} of {name}", view.render(result)
        yield f"the result of {name}", repr(result)


@contextlib.contextmanager
def logged(texts: list[tuple[str, str]]) -> Iterator[None]:
    """Collect the log at its lowest level, before it is redacted."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(("the log", f"{record.getMessage()} {record.__dict__}"))

    logger, handler = logging.getLogger("reconciler"), Collector()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class Growth:
    """How much the memory of this process grows inside, at its peak; 0 where the system does not tell."""

    bytes = 0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self._before = _memory_bytes("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = max(0, _memory_bytes("VmHWM") - self._before)


def _memory_bytes(name: str) -> int:
    with contextlib.suppress(OSError):
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) * 1024
    return 0
