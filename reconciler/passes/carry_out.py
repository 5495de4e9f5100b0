"""Carries out the plans of several targets: opens their records, runs all places in parallel, writes the records."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING

from reconciler.cluster.client import ClusterClient
from reconciler.errors import InventoryError, UnavailableError
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.place import Place
from reconciler.model.record import Inventory
from reconciler.model.state import Resource
from reconciler.passes.deed.cluster_hand import MOST_ROLLOUTS, ClusterHand, ClusterWork
from reconciler.passes.deed.hand import Hand
from reconciler.passes.ledger import Ledger, given_back, unchanged_ownership
from reconciler.passes.result import TargetResult
from reconciler.passes.schedule import Observer, Performer, Schedule
from reconciler.plan.action import Action, Outcome, Status, TargetPlan, Verb

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One target to carry out: its plan, the record it was planned with, and the result so far."""

    name: TargetName
    place: Place
    plan: TargetPlan
    inventory: Inventory
    result: TargetResult


@dataclass(frozen=True, slots=True)
class Records:
    """How records are written: the store and the name of this run."""

    read: Callable[[TargetName], Inventory]
    write: Callable[[Inventory], None]
    run: str


@dataclass(frozen=True, slots=True)
class ClusterPart:
    """One cluster to carry out: its plan, the result so far, and what its actions apply."""

    place: Place
    plan: TargetPlan
    result: TargetResult
    client: ClusterClient
    work: ClusterWork


def carry_out(
    works: Sequence[Work],
    clusters: Sequence[ClusterPart],
    client: "Callable[[TargetName], Orchestrator]",
    records: Records,
    *,
    concurrency: int,
    stop: Event,
    observer: Observer,
) -> list[TargetResult]:
    """Results of the targets and clusters, in the order of both, after carrying out their plans in parallel.

    A target whose record cannot be written at the start changes nothing. An action that is not done
    blocks only what requires it, in other targets too.
    """
    opened: list[tuple[Work, Ledger]] = []
    results: dict[TargetName, TargetResult] = {}
    for work in works:
        ledger = Ledger(work.inventory, records.write, run=records.run)
        try:
            ledger.begin(work.plan.allowed)
        except InventoryError as error:
            results[work.name] = _unstarted(work.result, error)
        else:
            opened.append((work, ledger))
    # All of them: an action may wait for a key in a target that was not opened.
    clients = {work.place: client(work.name) for work in works}

    def read(key: ResourceKey) -> Resource | None:
        if key.place not in clients:
            raise UnavailableError(f"{key.place} is not part of this run, so {key} cannot be looked up there")
        return clients[key.place].get(key)

    hands: dict[Place, Performer] = {
        work.place: Hand(clients[work.place], ledger, work.plan.actions, read=read, seen=_seen(work.plan))
        for work, ledger in opened
    }
    for part in clusters:
        hands[part.place] = ClusterHand(part.client, part.work, read=read, stop=stop, concurrency=concurrency)
    actions = [action for work, _ in opened for action in work.plan.allowed]
    actions += [action for part in clusters for action in part.plan.allowed]
    schedule = Schedule(actions, hands, stop=stop, observer=observer)
    outcomes: Mapping[Place, Sequence[Outcome]] = {}
    try:
        outcomes = _by_place(schedule.outcomes(concurrency, {one.place: MOST_ROLLOUTS for one in clusters}))
        for work, ledger in opened:
            entries = work.inventory.entries
            ledger.renew(unchanged_ownership(work.plan, entries))
            ledger.release(given_back(work.plan, work.inventory))
    finally:  # a bug that ends the run must not lose the record of what was already done
        for work, ledger in opened:
            results[work.name] = replace(
                work.result,
                outcomes=(*outcomes.get(work.place, ()), *_held(work.plan), *_contested(work.plan)),
                inventory_error=_write(work, ledger, records),
            )
    return [
        *(results[work.name] for work in works),
        *(_of_cluster(part, outcomes.get(part.place, ())) for part in clusters),
    ]


def _of_cluster(part: ClusterPart, outcomes: Sequence[Outcome]) -> TargetResult:
    return replace(part.result, outcomes=(*outcomes, *_held(part.plan), *_contested(part.plan)))


def _seen(plan: TargetPlan) -> frozenset[ResourceKey]:
    """Keys of all objects that were live when the plan was made."""
    return frozenset(key for key, change in plan.diff.changes.items() if change.live is not None)


def _unstarted(result: TargetResult, error: InventoryError) -> TargetResult:
    return replace(
        result,
        error=f"nothing was changed: {error}",
        advice=error.advice,
        is_transient=error.is_transient,
        error_code=error.exit_code,
    )


def _by_place(outcomes: Sequence[Outcome]) -> dict[Place, list[Outcome]]:
    found: dict[Place, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.action.key.place, []).append(outcome)
    return found


def _held(plan: TargetPlan) -> list[Outcome]:
    """Outcomes of held actions: refused if a guard holds them; else blocked, and worth another try."""
    outcomes = []
    for action in plan.actions:
        held = plan.held.get(action.id)
        if held is not None:
            status = Status.REFUSED if held.guard else Status.BLOCKED
            outcomes.append(
                Outcome(action, status, held.reason, is_transient=held.is_transient and not held.guard)
            )
    return outcomes


def _contested(plan: TargetPlan) -> list[Outcome]:
    return [
        Outcome(
            Action(Verb.UPDATE, change.key, change),
            Status.REFUSED,
            "differs from the files and is not owned; left alone",
        )
        for change in plan.contested
    ]


def _write(work: Work, ledger: Ledger, records: Records) -> str:
    """Why the record could not be written, "" if it was."""
    try:
        ledger.save_merged(lambda: _reread(work, records))
    except InventoryError as error:
        log.error("inventory not written", extra={"target": work.name, "error": str(error)})  # noqa: TRY400  expected
        return error.with_advice
    return ""


def _reread(work: Work, records: Records) -> Inventory:
    """The record as another run wrote it, with the addresses and the digest key of this one."""
    found = records.read(work.name).at(work.place)
    own = work.inventory
    endpoints = {**found.endpoints, **own.endpoints}
    return replace(found, endpoints=endpoints, digest_key=own.digest_key, last=own.last)
