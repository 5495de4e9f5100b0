"""One trial on a cluster: a fault happens to one call of the API server, then it is gone, and runs follow."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from reconciler.emulator import Effect, Entry, FaultRule
from reconciler.errors import ExitCode
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult
from reconciler.plan.saved import SavedPlan
from tests.faults.call import Call
from tests.faults.cluster_ground import CLUSTER, POLL_S, ClusterGround, Trialled
from tests.faults.fault import Fault
from tests.faults.trial import MOST_ROUNDS, End, Entries, Evidence, Run, measured, said

_RECORDS = re.compile(r"acme\.json|\.acme\.lock|\.gitignore|cluster:eu-1\.json|\.cluster:eu-1\.lock")


class ClusterTrials:
    """Trials on one ground, compared with an undisturbed one that is made first.

    `calls` are those of the undisturbed apply, `looks` those that a plan sends.
    """

    def __init__(self, ground: ClusterGround) -> None:
        self._ground = ground
        self._texts: list[tuple[str, str]] = []
        cluster_hand.POLL_S = POLL_S
        self._start()
        plan = self._plan()
        self.looks = self._called()
        self.undisturbed = self._run("apply", partial(self._apply, *self._at.approvals))
        assert self.undisturbed.raised is None, self.undisturbed.raised
        result = self.undisturbed.result
        assert result is not None
        assert result.exit_code() is ExitCode.DONE, result.outcomes
        self.calls = self._called()
        last = self._plan()
        assert last.is_settled, (plan.result, last.result)
        self._wanted = self._end()

    def evidence(self, fault: Fault, call: Call) -> Evidence:
        """Evidence of one fault at one call."""
        ground = self._ground
        self._start()
        look: Run | None = None
        changed: tuple[str, ...] = ()
        if call in self.looks and call.is_read:
            before = self._everything()
            with self._armed(fault, call):
                look = self._plan()
            after = self._everything()
            self._texts += said(look.name, look.result, look.raised)
            changed = tuple(name for name in before if before[name] != after[name])
        with self._armed(fault, call):
            run = self._run("apply", partial(self._apply, *self._at.approvals))
        self._texts += said(run.name, run.result, run.raised)
        ground.proxy.hang_up()
        last = first = self._plan()
        approvals = run.approvals | frozenset(self._at.approvals)
        rounds = 0
        while not last.is_settled and rounds < MOST_ROUNDS:
            approvals |= last.approvals
            self._run("apply again", partial(self._apply, *sorted(approvals)))
            rounds += 1
            last = self._plan()
        self._texts += [
            (f"the record {path.name}", path.read_text(errors="replace")) for path in self._files()
        ]
        return Evidence(
            organization=f"cluster:{CLUSTER}",
            look=look,
            look_changed=changed,
            run=run,
            after=first,
            rounds=rounds,
            last=last,
            end=self._end(),
            wanted=self._wanted,
            undisturbed=self.undisturbed,
            theirs_changed=self._at.kept.foreign() != self._at.foreign,
            strayed=ground.proxy.strayed,
            left_over=tuple(self._left_over()),
            texts=tuple(self._texts),
            secrets=ground.secrets,
        )

    def _start(self) -> None:
        self._at: Trialled = self._ground.at_transition()
        self._texts.clear()

    def _armed(self, fault: Fault, call: Call) -> AbstractContextManager[None]:
        assert not isinstance(fault.how, FaultRule), "an API server has no rules for faults"
        times = None if fault.lasts else 1
        return self._ground.proxy.playing(fault.how, call.verb, self._at.actual(call.pattern), times=times)

    def _called(self) -> frozenset[Call]:
        return frozenset(
            Call(entry.verb, self._at.named(entry.path)) for entry in self._ground.recorder.entries
        )

    def _apply(self, *accepted: str) -> tuple[PassResult, SavedPlan | None]:
        return self._at.kept.world.apply(*accepted), None

    def _plan(self) -> Run:
        return self._run("plan", self._at.kept.world.plan_and_save)

    def _run(self, name: str, command: Callable[[], tuple[PassResult, SavedPlan | None]]) -> Run:
        ground, log = self._ground, self._at.kept.world.emulator.log
        seen = max((entry.number for entry in log.entries()), default=0)
        start = len(ground.recorder.entries)
        ground.proxy.requests = 0
        ground.waited_s.clear()
        ran = measured(name, command, self._texts)
        entries = [*ground.recorder.entries[start:], *log.entries(after=seen)]
        return Run(
            name,
            ran.result,
            ran.raised,
            ran.seconds,
            ground.proxy.requests,
            ran.grown_bytes,
            tuple(ground.waited_s),
            tuple(entry for entry in entries if entry.effect != Effect.NONE),
            frozenset(entry.verb for entry in entries),
        )

    def _end(self) -> End:
        """Without digests, in which the names of a trial are."""
        store = self._at.kept.world.store
        record: Entries = {
            name: {
                key: (str(entry.phase), "", entry.is_missing)
                for key, entry in store.read(name).entries.items()
            }
            for name in ("acme",)
        }
        return End(self._at.everything(), record, self._counts())

    def _counts(self) -> Counter[tuple[str, str]]:
        """Creates and deletes by object."""
        entries: list[Entry] = [*self._ground.recorder.entries, *self._at.kept.world.emulator.log.entries()]
        return Counter(
            (str(entry.effect), self._at.named(entry.object))
            for entry in entries
            if entry.effect in (Effect.CREATED, Effect.DELETED)
        )

    def _everything(self) -> dict[str, object]:
        """What a look must not change."""
        entries = [*self._ground.recorder.entries, *self._at.kept.world.emulator.log.entries()]
        root = self._at.kept.world.root
        return {
            "the servers": [entry for entry in entries if entry.effect != Effect.NONE],
            "the record": self._at.recorded(),
            "the files": {path: path.read_bytes() for path in root.rglob("*") if path.is_file()},
        }

    def _files(self) -> list[Path]:
        return [path for path in self._at.records.rglob("*") if path.is_file()]

    def _left_over(self) -> Iterator[str]:
        yield from (
            f"{path.name} next to the record" for path in self._files() if not _RECORDS.fullmatch(path.name)
        )
        expected = {"agent.yaml", "key.yaml", "runner.yaml", "bucket.yaml"}
        root = self._at.kept.world.root
        yield from (f"{path.name} in the repository" for path in root.rglob("*") if path.name not in expected)
