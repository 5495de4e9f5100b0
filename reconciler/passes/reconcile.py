"""One pass: read, check, list live, compare, plan, guard, apply, report.

Composes the packages; the adapters are built by `reconciler.cli` and handed in. Whatever
happens, a pass returns one `PassResult`; only our own bugs rise out of it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Self

from reconciler.diff.compare import compare
from reconciler.errors import (
    ExitCode,
    InventoryError,
    OrchestratorError,
    ReconcilerError,
    UnavailableError,
)
from reconciler.facts.demand import demand, named
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declarations
from reconciler.model.desired import desired_state, digested
from reconciler.model.finding import Severity
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import FACTS, WHOLE_KINDS, Generation, Kind
from reconciler.model.record import Inventory
from reconciler.model.state import State
from reconciler.orchestrator.sight import Look
from reconciler.passes.carry_out import Records, Work, carry_out
from reconciler.passes.checking import Adapters, Pass, check, load, load_base, start, validate
from reconciler.passes.evidence import (
    agents_in,
    at_home,
    believed,
    connection_of,
    hints,
    still_declared,
    strays,
    unconnected,
)
from reconciler.passes.result import PassResult, Preview, Purpose, TargetResult
from reconciler.passes.schedule import Observer
from reconciler.plan.action import Status, TargetPlan, Unexamined
from reconciler.plan.approval import Approval, misses, parse
from reconciler.plan.barrier import Organization
from reconciler.plan.build import Basis, build
from reconciler.plan.guards import takeover
from reconciler.plan.saved import SavedPlan, bind, change_digest
from reconciler.plan.selection import Selection
from reconciler.settings import Settings, Target
from reconciler.source.selection import select

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx, which a validation does not need

__all__ = ["Adapters", "apply", "plan", "validate"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Sight:
    """One target as seen in this pass."""

    name: TargetName
    target: Target
    everything: Declarations
    desired: State
    inventory: Inventory
    look: Look


def plan(
    settings: Settings, adapters: Adapters, selection: Selection, *, accepted: frozenset[Approval]
) -> tuple[PassResult, Callable[[], SavedPlan] | None]:
    """Everything up to the guards; changes nothing. The second value makes what binds an apply to this plan.

    It is None where no whole plan came about. Binding digests both states, so only who saves a plan calls it.
    """
    running = start(settings, adapters, selection, Purpose.PLAN)
    loaded = load(running)
    if isinstance(loaded, PassResult):
        return loaded, None
    base = load_base(running)
    if isinstance(base, PassResult):
        return base, None
    scopes = check(running, loaded, {})
    if running.is_invalid():
        return running.result(), None
    with _Clients(running) as clients:
        sights, failed = _see(running, scopes, clients)
        del scopes  # their look-ups would stay in memory beside those with live
    check(running, loaded, {sight.name: sight.look.state for sight in sights})
    planned = _plan_targets(running, sights, accepted)
    running.notes = _missed(planned, accepted)
    misnamed = _misnamed(running, sights)
    if misnamed is not None:
        return misnamed, None
    targets = _in_order(running, [_target_result(sight, built) for sight, built in planned], failed)
    preview = _preview(running, planned, base) if base is not None else None
    if base is not None and preview is None:
        targets = tuple(_without_preview(result, running.base_name) for result in targets)
    is_whole = not failed and not any(sight.look.failures for sight in sights)
    can_bind = is_whole and not running.is_invalid()
    result = running.result(targets=targets, preview=preview)
    return result, (lambda: _bind(running, planned, accepted)) if can_bind else None


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
) -> PassResult:
    """Plan and carry out. With `bound`, only if the plan made now is that one.

    `approve` is shown the plan before anything is written; its no ends the pass. A target that
    could not be read, or that a guard refuses, stops only itself.
    """
    running = start(settings, adapters, selection, Purpose.APPLY)
    loaded = load(running)
    if isinstance(loaded, PassResult):
        return loaded
    scopes = check(running, loaded, {})
    if running.is_invalid():
        return running.result()
    with _Clients(running) as clients:
        sights, failed = _see(running, scopes, clients)
        del scopes  # their look-ups would stay in memory beside those with live
        check(running, loaded, {sight.name: sight.look.state for sight in sights})
        approvals = accepted | frozenset(map(parse, bound.approvals)) if bound is not None else accepted
        planned = _plan_targets(running, sights, approvals)
        running.notes = _missed(planned, approvals)
        misnamed = _misnamed(running, sights)
        if misnamed is not None:
            return misnamed
        before = _in_order(running, [_target_result(sight, built) for sight, built in planned], failed)
        running.requests = clients.requests()
        if running.is_invalid():
            return running.result(targets=before)
        if bound is not None:
            if failed or any(sight.look.failures for sight in sights):
                return running.result(targets=before)
            changed = bound.changed(_bind(running, planned, approvals))
            if changed:
                return running.result(targets=before, changed=changed)
        shown = replace(running.result(targets=before), purpose=Purpose.PLAN)
        if stop.is_set() or not approve(shown):
            return running.result(targets=before, stopped=True)
        after = _carried_out(running, planned, clients, observer=observer, stop=stop)
    return running.result(targets=_in_order(running, after, failed), stopped=_was_stopped(after, stop))


class _Clients:
    """Clients of the targets of one pass; opened on demand, closed together."""

    def __init__(self, running: Pass) -> None:
        self._running = running
        self._open: dict[str, Orchestrator] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.requests = self.requests()
        for client in self._open.values():
            client.close()

    def of(self, name: TargetName) -> "Orchestrator":
        if name not in self._open:
            self._open[name] = self._running.adapters.connect(name)
        return self._open[name]

    def requests(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for client in self._open.values():
            for verb, count in client.requests.items():
                total[verb] = total.get(verb, 0) + count
        return total


def _see(
    running: Pass, scopes: Sequence[Scope], clients: _Clients
) -> tuple[list[_Sight], list[TargetResult]]:
    """Look at every target, side by side; a target that cannot be read fails alone."""
    sights: list[_Sight] = []
    failed: list[TargetResult] = []
    with ThreadPoolExecutor(max_workers=max(1, min(8, len(scopes)))) as pool:
        contexts = [copy_context() for _ in scopes]
        seen = list(
            pool.map(
                lambda at: contexts[at].run(_see_target, running, scopes[at], clients), range(len(scopes))
            )
        )
    for sight in seen:
        if isinstance(sight, _Sight):
            sights.append(sight)
        else:
            failed.append(sight)
    return sights, failed


def _see_target(running: Pass, scope: Scope, clients: _Clients) -> _Sight | TargetResult:
    target = running.targets[scope.target]
    digester = running.adapters.digester
    desired = digested(desired_state(scope.declarations, scope.place), digester)
    try:
        recorded = running.adapters.inventory.read(scope.target)
        inventory = at_home(recorded, target, scope.place, digester.key_id)
        client = clients.of(scope.target)
        look = client.look(hints(desired, inventory, demand(scope), named(scope)))
    except (OrchestratorError, InventoryError) as error:
        return TargetResult(
            scope.target,
            target.organization,
            _endpoints(target),
            error=str(error),
            advice=error.advice,
            is_transient=error.is_transient,
            error_code=error.exit_code,
            retry_after_s=_retry_after([error]),
        )
    return _Sight(scope.target, target, scope.everything, desired, inventory, believed(look, inventory))


def _misnamed(running: Pass, sights: list[_Sight]) -> PassResult | None:
    """A result that names every pattern of `--only` that fits nothing: a slip must not look like success."""
    keys = {
        key
        for sight in sights
        for key in (*sight.desired.resources, *sight.look.state.resources, *sight.inventory.entries)
    }
    unknown = [
        pattern for pattern in sorted(running.selection.only) if not any(key.matches(pattern) for key in keys)
    ]
    if not unknown or not sights:
        return None
    return running.result(
        error=f"nothing is called {', '.join(unknown)}, neither in the files nor live nor in the record of what we own",
        advice="names are written as the plan prints them, such as Definition/database",
        error_code=ExitCode.USAGE,
    )


def _plan_targets(
    running: Pass,
    sights: list[_Sight],
    approvals: frozenset[Approval],
    desired: Mapping[TargetName, State] | None = None,
) -> list[tuple[_Sight, TargetPlan]]:
    """Plan all targets at once; `desired` instead of what the sights say, for the base of a preview."""
    wanted = desired or {sight.name: sight.desired for sight in sights}
    bases = [_basis(running, sight, wanted[sight.name]) for sight in sights]
    plans = build(
        bases,
        includes=running.selection.includes,
        approvals=approvals,
        organizations=_organizations(running, sights, wanted),
    )
    planned = []
    for sight, built in zip(sights, plans, strict=True):
        place = running.settings.place(sight.name)
        unassigned = strays(sight.everything, running.findings, place)
        more = (
            *unconnected(sight.name, sight.target, wanted[sight.name]),
            *still_declared(built, unassigned),
        )
        planned.append((sight, replace(built, problems=(*built.problems, *more))))
    return planned


def _missed(planned: list[tuple[_Sight, TargetPlan]], approvals: frozenset[Approval]) -> tuple[str, ...]:
    """What is to be said of approvals that let nothing through."""
    plans = [built for _, built in planned]
    refused = [r for built in plans for r in (*built.refusals, *takeover(built.target, built.contested))]
    return tuple(misses(approvals, [one for built in plans for one in built.accepted], refused))


def _basis(running: Pass, sight: _Sight, desired: State) -> Basis:
    return Basis(
        target=sight.name,
        place=running.settings.place(sight.name),
        desired=desired,
        live=sight.look.state,
        inventory=sight.inventory,
        diff=compare(desired, sight.look.state, sight.inventory),
        policy=running.settings.policy,
        safety=running.settings.safety,
        unexamined=tuple(_unexamined(running, sight, desired)),
    )


def _organizations(
    running: Pass, sights: list[_Sight], wanted: Mapping[TargetName, State]
) -> list[Organization]:
    """Every organization of the settings, as the key barrier sees it: also what was not read, or not asked for."""
    seen = {sight.name: sight for sight in sights}
    everything = running.declarations
    if len(running.settings.targets) == 1 or not everything.keys:
        everything = replace(everything, definitions=(), runners=())
    found = []
    for name, target in running.settings.targets.items():
        target_name, place = TargetName(name), running.settings.place(name)
        sight = seen.get(target_name)
        if sight is None:
            desired, recorded = desired_state(select(everything, target), place), frozenset[ResourceKey]()
        else:
            desired, recorded = wanted[target_name], frozenset(sight.inventory.entries)
        live = sight.look.state if sight is not None and Kind.KEY in sight.look.state.complete else None
        found.append(
            Organization(
                place,
                desired,
                live,
                agents=frozenset(agents_in((*desired.resources, *recorded))),
                is_selected=name in running.targets,
            )
        )
    return found


def _unexamined(running: Pass, sight: _Sight, desired: State) -> list[Unexamined]:
    found = [
        Unexamined(f"{kind} in {sight.target.organization}", str(error), is_failure=True)
        for kind, error in sorted(sight.look.failures.items())
    ]
    for generation in Generation:
        kinds = [k for k in WHOLE_KINDS if FACTS[k].generation is generation]
        if connection_of(sight.target, generation) is None and not any(
            key.kind in kinds for key in desired.resources
        ):
            found.append(Unexamined(", ".join(kinds), f"target {sight.name} has no {generation} connection"))
    if not sight.inventory.exists and running.settings.inventory.none:
        found.append(Unexamined("deletes", "no inventory is kept, so nothing is ever deleted"))
    return found


def _target_result(sight: _Sight, built: TargetPlan) -> TargetResult:
    failures = sight.look.failures
    error = "; ".join(dict.fromkeys(str(failure) for failure in failures.values()))
    advice = next((failure.advice for failure in failures.values() if failure.advice), "")
    return TargetResult(
        sight.name,
        sight.target.organization,
        _endpoints(sight.target),
        plan=built,
        error=error,
        advice=advice,
        is_transient=any(failure.is_transient for failure in failures.values()),
        retry_after_s=_retry_after(failures.values()),
    )


def _retry_after(errors: Iterable[ReconcilerError]) -> float | None:
    """The longest hint any of them carries."""
    given = (error.retry_after_s for error in errors if isinstance(error, UnavailableError))
    return max((seconds for seconds in given if seconds is not None), default=None)


def _endpoints(target: Target) -> tuple[str, ...]:
    return tuple(
        connection.url for connection in (target.orchestrator, target.runners) if connection is not None
    )


def _in_order(
    running: Pass, done: list[TargetResult], failed: list[TargetResult]
) -> tuple[TargetResult, ...]:
    order = list(running.targets)
    return tuple(sorted((*done, *failed), key=lambda result: order.index(result.target)))


def _bind(
    running: Pass, planned: list[tuple[_Sight, TargetPlan]], accepted: frozenset[Approval]
) -> SavedPlan:
    return bind(
        tuple((built, sight.desired, sight.look.state, sight.inventory) for sight, built in planned),
        running.settings,
        revision=running.source.revision,
        selection=running.selection.describe(),
        approvals=accepted,
        now=running.started_at,
    )


def _without_preview(result: TargetResult, base_name: str) -> TargetResult:
    """Say that the whole plan is shown, because the base cannot tell what is this change's own."""
    if result.plan is None:
        return result
    note = Unexamined(
        "which differences are this change's own",
        f"the files of {base_name} have errors; everything is shown",
    )
    return replace(result, plan=replace(result.plan, unexamined=(*result.plan.unexamined, note)))


def _preview(running: Pass, planned: list[tuple[_Sight, TargetPlan]], base: Declarations) -> Preview | None:
    """Split the plan into what this change causes and what differs without it.

    None where the base has errors: what it would do is not known, so the whole plan is shown.
    """
    if any(finding.severity is Severity.ERROR for finding in base.findings):
        return None
    own: list[TargetPlan] = []
    existing = 0
    withdrawn: list[str] = []
    sights = [sight for sight, _ in planned]
    desired = {
        sight.name: digested(
            desired_state(select(base, sight.target), running.settings.place(sight.name)),
            running.adapters.digester,
        )
        for sight in sights
    }
    without_change = _plan_targets(running, sights, frozenset(), desired)
    for (_, built), (_, before) in zip(planned, without_change, strict=True):
        without = {(action.id, change_digest(action.subject)) for action in before.actions}
        kept = tuple(a for a in built.actions if (a.id, change_digest(a.subject)) not in without)
        here = {action.id for action in built.actions}
        contested_before = {change_digest(change) for change in before.contested}
        contested = tuple(c for c in built.contested if change_digest(c) not in contested_before)
        existing += len(built.actions) - len(kept) + len(built.contested) - len(contested)
        withdrawn.extend(f"{action.verb} {action.key}" for action in before.actions if action.id not in here)
        refused_before = {(refusal.guard, refusal.keys) for refusal in before.refusals}
        problems_before = {(problem.rule, problem.message) for problem in before.problems}
        own.append(
            replace(
                built,
                actions=kept,
                contested=contested,
                refusals=tuple(r for r in built.refusals if (r.guard, r.keys) not in refused_before),
                problems=tuple(p for p in built.problems if (p.rule, p.message) not in problems_before),
            )
        )
    return Preview(running.base_name, tuple(own), existing, tuple(withdrawn))


def _carried_out(
    running: Pass,
    planned: list[tuple[_Sight, TargetPlan]],
    clients: "_Clients",
    *,
    observer: Observer,
    stop: Event,
) -> list[TargetResult]:
    """Carry out what may be carried out; targets that have problems or were not read whole are left."""
    works, left = [], []
    for sight, built in planned:
        result = _target_result(sight, built)
        if built.problems or sight.look.failures:
            left.append(result)
        else:
            works.append(Work(sight.name, running.settings.place(sight.name), built, sight.inventory, result))
    adapters = running.adapters
    records = Records(adapters.inventory.write, running.started_at.isoformat())
    concurrency = running.settings.apply.concurrency
    done = carry_out(works, clients.of, records, concurrency=concurrency, stop=stop, observer=observer)
    return [*done, *left]


def _was_stopped(after: list[TargetResult], stop: Event) -> bool:
    skipped = any(o.status is Status.SKIPPED for target in after for o in target.outcomes)
    return stop.is_set() and skipped
