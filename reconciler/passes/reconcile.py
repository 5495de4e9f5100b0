"""The steps of every pass: read, look, plan, judge, carry out. Each takes values and returns one.

`validate`, `plan` and `apply` end at different steps. Whatever happens, a pass returns one `PassResult`;
only bugs are raised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event
from typing import Unpack

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.model.identity import ResourceKey, target_of_cluster
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import OPERATOR_INSTALLATIONS
from reconciler.passes.begin import Adapters, Pass, begin
from reconciler.passes.carry_out import ClusterPart, Records, Work, carry_out
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.passes.clusters import by_cluster, clusters_of, look_at_clusters
from reconciler.passes.deed.cluster_hand import ClusterWork
from reconciler.passes.deed.key_hand import KeyMaking
from reconciler.passes.deed.operator_check import OperatorWork
from reconciler.passes.judge import Judged, judge_files, judge_unseen, judge_world, judged_stops
from reconciler.passes.live_after import after
from reconciler.passes.look import Clients, Looked, look
from reconciler.passes.planned import Planned, binding, last_apply, plan_all, without_stopped
from reconciler.passes.preview import PlannedBase, judge_base, plan_base, preview
from reconciler.passes.read import Reading, files_not_read, read, with_base
from reconciler.passes.repeated import reported_once
from reconciler.passes.report import More, failed, report
from reconciler.passes.result import PassResult, Purpose, TargetResult
from reconciler.passes.rotations import with_keys, with_rotations
from reconciler.passes.schedule import Observer
from reconciler.passes.target_report import (
    cluster_result,
    cut_short,
    in_order,
    joined,
    target_result,
    without_preview,
)
from reconciler.passes.validate import validate
from reconciler.plan.action import Status
from reconciler.plan.approval import Approval
from reconciler.plan.saved import SavedPlan
from reconciler.plan.selection import Selection
from reconciler.procedure.rotation import Change
from reconciler.settings import Settings

__all__ = ["Adapters", "apply", "plan", "validate"]


MOST_ROUNDS = 8
"""Rounds of one apply. A rotation takes four, and one that finds nothing left to do."""
_LEAVE_IT = "Let nothing else write that Secret, such as a controller that copies it from elsewhere."


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A pass up to the plan."""

    reading: Reading
    looked: Looked
    planned: Planned
    judged: Judged

    @property
    def is_whole(self) -> bool:
        """True if everything selected was read and nothing in the files is wrong."""
        return self.looked.is_whole and not self.judged.is_invalid

    def targets(self, asked: Pass) -> tuple[TargetResult, ...]:
        """Results of all targets, with nothing carried out."""
        stops = self.planned.stops
        results = [target_result(sight, built, stops) for sight, built in self.planned.pairs]
        results += [cluster_result(sight, built, stops) for sight, built in self.planned.clusters]
        return in_order(asked, results, self.looked)


def plan(
    settings: Settings,
    adapters: Adapters,
    selection: Selection,
    *,
    accepted: frozenset[Approval],
) -> tuple[PassResult, Callable[[], SavedPlan] | None]:
    """Result of everything up to the guards, and a function that makes what binds an apply to this plan.

    Changes nothing. The function is None if there is no complete plan.
    """
    asked = begin(settings, adapters, selection, Purpose.PLAN)
    with Clients(asked) as clients:
        prepared = _prepare(asked, accepted, clients)
        if isinstance(prepared, PassResult):
            return prepared, None
        base = _planned_base(asked, prepared, clients)
    shown = preview(prepared.planned, base) if base is not None else None
    targets = prepared.targets(asked)
    if base is not None and shown is None:
        targets = tuple(without_preview(result, base.name) for result in targets)
    result = report(
        asked, prepared.reading, prepared.judged,
        requests=clients.requests, targets=targets, notes=prepared.planned.notes,
        unexamined=prepared.looked.clusters.unexamined,
        preview=shown, of_base=base.found if base is not None else None,
    )  # fmt: skip
    can_bind = prepared.is_whole
    return result, (
        lambda: binding(asked, prepared.reading, prepared.planned, accepted)
    ) if can_bind else None


def _planned_base(asked: Pass, prepared: _Prepared, clients: Clients) -> PlannedBase | None:
    base = prepared.reading.base
    if base is None:
        return None
    return plan_base(
        asked, prepared.reading, prepared.looked, prepared.planned, base, clients=clients.clusters
    )


def apply(
    settings: Settings,
    adapters: Adapters,
    selection: Selection,
    *,
    accepted: frozenset[Approval],
    bound: SavedPlan | None = None,
    approve: Callable[[PassResult], bool] = lambda _: True,
    observer: Observer,
    stop: Event,
    rounds: int = MOST_ROUNDS,
) -> PassResult:
    """Result of planning and carrying out; with `bound`, carried out only if the plan made now equals it.

    Approvals that the saved plan was made with count only if they are given again: anybody can edit a file.
    `approve` is given the plan before anything is written, and ends the pass by returning False. A target
    that could not be read, or whose files have errors, stops only itself. What follows from keys that are made here
    needs several rounds of look, plan and carry out; `rounds` is their limit.
    """
    asked = begin(settings, adapters, selection, Purpose.APPLY)
    with Clients(asked) as clients:
        prepared = _prepare(asked, accepted, clients)
        if isinstance(prepared, PassResult):
            return prepared
        before = prepared.targets(asked)

        def ended(**more: Unpack[More]) -> PassResult:
            more["notes"] = prepared.planned.notes
            more["unexamined"] = prepared.looked.clusters.unexamined
            return report(asked, prepared.reading, prepared.judged, requests=clients.requests, **more)

        if bound is not None:
            if not prepared.is_whole:
                return ended(targets=before)
            changed = bound.changed(binding(asked, prepared.reading, prepared.planned, accepted))
            if changed:
                return ended(targets=before, changed=changed)
        if stop.is_set() or not approve(replace(ended(targets=before), purpose=Purpose.PLAN)):
            return ended(targets=before, stopped=True)
        done = _carried_out(asked, prepared, clients, observer=observer, stop=stop)
        done, is_cut = _later_rounds(
            asked, prepared, clients, done,
            accepted=accepted, rounds=rounds, observer=observer, stop=stop,
        )  # fmt: skip
        is_stopped = is_cut or _was_stopped(done, stop)
        return ended(targets=in_order(asked, done, prepared.looked), stopped=is_stopped)


def _prepare(asked: Pass, approvals: frozenset[Approval], clients: Clients) -> _Prepared | PassResult:
    """Everything up to the plan and its findings; a result if the pass ends before that."""
    reading = None
    try:
        reading = read(asked)
        if asked.purpose is Purpose.PLAN:
            reading = with_base(asked, reading)
    except ReconcilerError as error:
        return failed(asked, error, reading)
    missing = files_not_read(asked, reading)
    if missing is not None:
        return failed(asked, missing, reading)
    judged = judge_files(asked, reading)
    stopped = judged_stops(asked, reading, judged)
    selected = clusters_of(asked, by_cluster(asked, reading.declarations))
    if stopped.by_target.keys() >= {*asked.targets, *map(target_of_cluster, selected)}:
        of_base = judge_base(asked, reading.base) if reading.base is not None else None
        return report(asked, reading, judge_unseen(asked, judged), of_base=of_base)
    clusters = look_at_clusters(asked, reading.declarations, judged.scopes, clients.clusters)
    reading, judged = with_keys(asked, reading, judged, clusters)
    looked = replace(look(asked, judged.scopes, clients, stopped), clusters=clusters)
    looked = with_rotations(asked, reading.declarations, looked, clients.clusters)
    planned = plan_all(asked, reading, looked, approvals, clients, stops=stopped)
    live = {sight.name: after(built, sight.look.state) for sight, built in planned.pairs}
    planned, judged = reported_once(planned, judge_world(asked, judged, live, planned.cluster_states()))
    planned = without_stopped(planned, judged_stops(asked, reading, judged))
    unknown = _misnamed(asked, looked)
    if unknown:
        return report(
            asked,
            reading,
            judged,
            error=f"nothing is called {', '.join(unknown)}, neither in the files nor live nor in the "
            "ownership record",
            advice="names are written as the plan prints them, such as Definition/database",
            error_code=ExitCode.USAGE,
        )
    return _Prepared(reading, looked, planned, judged)


def _misnamed(asked: Pass, looked: Looked) -> list[str]:
    """Patterns of `--only` that match nothing: a typo must not look like success.

    None where a target was not seen, whose objects they may name, or in later rounds, which find what the first left.
    """
    if (
        asked.shown is not None
        or looked.failed
        or looked.clusters.failed
        or not (looked.sights or looked.clusters.sights)
    ):
        return []
    keys = {
        key
        for sight in looked.sights
        for key in (*sight.desired.resources, *sight.look.state.resources, *sight.inventory.entries)
    }
    for sight in looked.clusters.sights:
        keys.update((*sight.desired.resources, *sight.live.resources))
    return [
        pattern for pattern in sorted(asked.selection.only) if not any(key.matches(pattern) for key in keys)
    ]


def _carried_out(
    asked: Pass, prepared: _Prepared, clients: Clients, *, observer: Observer, stop: Event
) -> list[TargetResult]:
    """Results after carrying out what may be; targets with errors or incomplete reads are left as they are."""
    works, left = [], []
    for sight, built in prepared.planned.pairs:
        result = target_result(sight, built, prepared.planned.stops)
        if built.problems or sight.look.failures or sight.name in prepared.planned.stops.by_target:
            left.append(result)
        else:
            record = last_apply(asked, prepared.reading, sight, built)
            works.append(Work(sight.name, asked.place(sight.name), built, record, result))
    inventory = asked.adapters.inventory
    records = Records(inventory.read, inventory.write, asked.started_at.isoformat())
    concurrency = asked.settings.apply.concurrency
    clusters, untouched = _cluster_works(asked, prepared, clients)
    done = carry_out(
        works, clusters, clients.of, records, concurrency=concurrency, stop=stop, observer=observer
    )
    return [*done, *left, *untouched]


def _later_rounds(
    asked: Pass,
    first: _Prepared,
    clients: Clients,
    done: list[TargetResult],
    *,
    accepted: frozenset[Approval],
    rounds: int,
    observer: Observer,
    stop: Event,
) -> tuple[list[TargetResult], bool]:
    """Results with what follows from keys that were made: as long as a round does something, another one is made.

    True if the run was stopped before the one that was next.
    """
    shown = frozenset(action.id for built in first.planned.plans.all for action in built.actions)
    places = {target_of_cluster(one.entries.cluster) for one in first.looked.rotations.turns}
    found, newest, taken = done, done, _taken(first, done)
    for _ in range(rounds - 1):
        if not places or not _is_progress(newest):
            break
        if stop.is_set():
            return found, True
        again = replace(asked, started_at=asked.adapters.now(), shown=shown)
        prepared = _prepare(again, accepted, clients)
        if isinstance(prepared, PassResult):
            why = prepared.error or next((one.message for one in prepared.errors), "the files have errors")
            return cut_short(found, places, why, prepared.advice), False
        undone = [
            one
            for one in prepared.looked.rotations.turns
            if one.turn.is_allowed and (one.key, one.turn.change) in taken
        ]
        if undone:
            why = f"a step at {undone[0].key} was taken in this run and then undone by somebody else"
            return cut_short(found, places, why, _LEAVE_IT), False
        newest = _carried_out(again, prepared, clients, observer=observer, stop=stop)
        taken |= _taken(prepared, newest)
        found = joined(found, [*newest, *prepared.looked.failed, *prepared.looked.clusters.failed])
    return found, False


def _taken(
    prepared: _Prepared, done: list[TargetResult]
) -> frozenset[tuple[ResourceKey | None, Change | None]]:
    """Steps of keys that a round took."""
    keys = {outcome.action.key for one in done for outcome in one.outcomes if outcome.status is Status.DONE}
    return frozenset((one.key, one.turn.change) for one in prepared.looked.rotations.turns if one.key in keys)


def _is_progress(done: list[TargetResult]) -> bool:
    return any(outcome.status is Status.DONE for one in done for outcome in one.outcomes)


def _cluster_works(
    asked: Pass, prepared: _Prepared, clients: Clients
) -> tuple[list[ClusterPart], list[TargetResult]]:
    """What is carried out on clusters, and the results of those that files or problems stop."""
    works, left = [], []
    for sight, built in prepared.planned.clusters:
        result = cluster_result(sight, built, prepared.planned.stops)
        if built.problems or sight.name in prepared.planned.stops.by_target:
            left.append(result)
            continue
        work = ClusterWork(
            KeyMaking(asked.adapters.make_key, asked.adapters.now, asked.settings.instance),
            sight.bodies,
            sight.unforced,
            frozenset(sight.inventory.entries) - sight.unforced,
            waits_s={key: one.wait_s for key, one in sight.workloads.items() if one.wait_s},
            turns={one.key: one for one in sight.turns if one.key is not None},
            agents={
                key: one.workload.container
                for key, one in sight.workloads.items()
                if one.workload is not None and one.installation.startswith(f"{Kind.AGENT}/")
            },
            operators=_operators(asked, sight),
        )
        client = clients.clusters.of(sight.place.name)
        works.append(ClusterPart(sight.place, built, result, client, work))
    return works, left


def _operators(asked: Pass, sight: ClusterSight) -> Mapping[ResourceKey, OperatorWork]:
    """Workloads of a cluster that are Operators, with the organizations of this run that accept their keys."""
    places = {asked.settings.targets[name].organization: asked.place(name) for name in asked.targets}
    return {
        key: OperatorWork(
            one.workload.namespace,
            one.workload.name,
            one.secrets[0].name if one.secrets else "",
            tuple(places[name] for name in one.organizations if name in places),
        )
        for key, one in sight.workloads.items()
        if one.workload is not None and one.installation.startswith(OPERATOR_INSTALLATIONS)
    }


def _was_stopped(done: list[TargetResult], stop: Event) -> bool:
    skipped = any(o.status is Status.SKIPPED for target in done for o in target.outcomes)
    return stop.is_set() and skipped
