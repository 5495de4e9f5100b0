"""One plan over everything that was seen, and for a preview how much of it is the change's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.diff.built_in import with_built_in
from reconciler.diff.compare import compare
from reconciler.errors import InventoryError
from reconciler.model.active_resource import ActiveResource
from reconciler.model.desired import desired_state
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import FACTS, WHOLE_KINDS, Generation, Kind
from reconciler.model.state import State
from reconciler.passes.begin import Pass
from reconciler.passes.evidence import (
    agents_in,
    connection_of,
    renamed,
    still_declared,
    strays,
    unconnected,
    unknown_built_in,
)
from reconciler.passes.look import Clients, Looked, Sight
from reconciler.passes.read import Base, Reading
from reconciler.passes.result import Preview
from reconciler.plan.action import Action, ActionId, TargetPlan, Unexamined
from reconciler.plan.approval import Approval, misses
from reconciler.plan.barrier import Organization
from reconciler.plan.build import Basis, build
from reconciler.plan.guards import deleted, takeover, would_take
from reconciler.plan.parts import criterion_selector
from reconciler.plan.saved import SavedPlan, bind, change_digest
from reconciler.source.selection import select


@dataclass(frozen=True, slots=True)
class Use:
    """What deployments use of the definitions that a plan takes something from, by target."""

    active: Mapping[TargetName, Mapping[str, tuple[ActiveResource, ...]]]
    unread: Mapping[TargetName, tuple[Unexamined, ...]]


NO_USE = Use({}, {})


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of every target that was seen. `notes` are sentences about approvals that let nothing through."""

    pairs: tuple[tuple[Sight, TargetPlan], ...]
    use: Use
    notes: tuple[str, ...] = ()


def plan_all(
    asked: Pass, reading: Reading, looked: Looked, approvals: frozenset[Approval], clients: Clients
) -> Planned:
    """Plan all targets at once. What it takes away is looked up once more: whether deployments use it.

    `approvals` are given for this pass; those of the repository are added.
    """
    approvals = approvals | reading.approvals
    wanted = {sight.name: sight.desired for sight in looked.sights}
    pairs = _plans(asked, reading, looked, wanted, approvals=approvals)
    use = _use(pairs, clients)
    if use.active or use.unread:
        pairs = _plans(asked, reading, looked, wanted, approvals=approvals, use=use)
    plans = [built for _, built in pairs]
    refused = [r for built in plans for r in (*built.refusals, *takeover(built.target, built.contested))]
    accepted = [one for built in plans for one in built.accepted]
    return Planned(pairs, use, tuple(misses(approvals, accepted, refused)))


def _plans(
    asked: Pass,
    reading: Reading,
    looked: Looked,
    wanted: Mapping[TargetName, State],
    *,
    approvals: frozenset[Approval] = frozenset(),
    use: Use = NO_USE,
    before: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[tuple[Sight, TargetPlan], ...]:
    disabled = {
        sight.name: (before or {}).get(sight.name, sight.target.builtIn.disabled) for sight in looked.sights
    }
    plans = build(
        [_basis(asked, sight, wanted[sight.name], disabled[sight.name], use) for sight in looked.sights],
        includes=asked.selection.includes,
        approvals=approvals,
        organizations=_organizations(asked, reading, looked, wanted),
    )
    pairs = []
    for sight, built in zip(looked.sights, plans, strict=True):
        unassigned = strays(sight.everything, reading.findings, asked.place(sight.name))
        more = (
            *unconnected(sight.name, sight.target, wanted[sight.name]),
            *unknown_built_in(sight.name, sight.target, disabled[sight.name], sight.look.state),
            *still_declared(built, unassigned, renamed(sight.everything, asked.place(sight.name))),
        )
        pairs.append((sight, replace(built, problems=(*built.problems, *more))))
    return tuple(pairs)


def _use(pairs: Sequence[tuple[Sight, TargetPlan]], clients: Clients) -> Use:
    """Read what uses the definitions that lose a criterion or go; one request for each of them."""
    active: dict[TargetName, Mapping[str, tuple[ActiveResource, ...]]] = {}
    unread: dict[TargetName, tuple[Unexamined, ...]] = {}
    for sight, built in pairs:
        definitions = would_take(built.actions)
        if not definitions or built.problems:
            continue
        found = clients.of(sight.name).active_resources(definitions)
        active[sight.name] = found.found
        unread[sight.name] = tuple(
            Unexamined(f"deployments that use Definition/{name}", str(error))
            for name, error in sorted(found.failures.items())
        )
    return Use(active, unread)


def _basis(asked: Pass, sight: Sight, desired: State, disabled: Sequence[str], use: Use) -> Basis:
    return Basis(
        target=sight.name,
        place=asked.place(sight.name),
        desired=desired,
        live=sight.look.state,
        inventory=sight.inventory,
        diff=with_built_in(
            compare(desired, sight.look.state, sight.inventory),
            disabled,
            sight.inventory.built_in,
        ),
        policy=asked.settings.policy,
        safety=asked.settings.safety,
        active=use.active.get(sight.name, {}),
        unexamined=(*_unexamined(asked, sight, desired), *use.unread.get(sight.name, ())),
    )


def _organizations(
    asked: Pass, reading: Reading, looked: Looked, wanted: Mapping[TargetName, State]
) -> list[Organization]:
    """Every organization of the settings, as the key barrier sees it: also what was not read, or not asked for."""
    seen = {sight.name: sight for sight in looked.sights}
    withdraws = any(
        key.kind is Kind.KEY and key not in wanted[sight.name].resources
        for sight in looked.sights
        for key in sight.inventory.entries
    )
    # Only keys matter of organizations that were not looked at, and making the rest costs time.
    keys_alone = replace(reading.declarations, definitions=(), runners=())
    found = []
    for name, target in asked.settings.targets.items():
        target_name, place = TargetName(name), asked.place(TargetName(name))
        if target.orchestrator is None:
            continue
        sight = seen.get(target_name)
        if sight is None:
            desired = desired_state(select(keys_alone, target), place)
            recorded = _recorded(asked, target_name) if withdraws else frozenset[ResourceKey]()
        else:
            desired, recorded = wanted[target_name], frozenset(sight.inventory.entries)
        agents = None if recorded is None else frozenset(agents_in((*desired.resources, *recorded)))
        found.append(
            Organization(
                place,
                desired,
                sight.look.state if sight is not None and Kind.KEY in sight.look.state.complete else None,
                agents,
                is_selected=name in asked.targets,
                recorded=frozenset(key.id for key in recorded or () if key.kind is Kind.KEY),
            )
        )
    return found


def _recorded(asked: Pass, target: TargetName) -> frozenset[ResourceKey] | None:
    """What our record has of a target that was not looked at; None where the record cannot be read."""
    try:
        return frozenset(asked.adapters.inventory.read(target).entries)
    except InventoryError:
        return None


def _unexamined(asked: Pass, sight: Sight, desired: State) -> list[Unexamined]:
    found = []
    if sight.look.failures:
        unread = ", ".join(sorted(sight.look.failures))
        subject = f"{unread} in {sight.target.organization}"
        found.append(Unexamined(subject, "could not be read, see the error", is_failure=True))
    for generation in Generation:
        kinds = [k for k in WHOLE_KINDS if FACTS[k].generation is generation]
        if connection_of(sight.target, generation) is None and not any(
            key.kind in kinds for key in desired.resources
        ):
            found.append(Unexamined(", ".join(kinds), f"target {sight.name} has no {generation} connection"))
    if Kind.DEFINITION in sight.look.state.complete:
        found.extend(
            Unexamined(
                f"criteria of Definition/{identifier}",
                "they were taken while it was built in, and it is not there any more; they stay in the record",
            )
            for identifier in sorted(sight.inventory.built_in)
            if ResourceKey(asked.place(sight.name), Kind.DEFINITION, identifier)
            not in sight.look.state.resources
        )
    if not sight.inventory.exists and asked.settings.inventory.none:
        found.append(Unexamined("deletes", "no inventory is kept, so nothing is ever deleted"))
    return found


def binding(asked: Pass, reading: Reading, planned: Planned, approvals: frozenset[Approval]) -> SavedPlan:
    """What binds an apply to this plan. Digests both states, so only who saves a plan calls it."""
    return bind(
        tuple((built, sight.desired, sight.look.state, sight.inventory) for sight, built in planned.pairs),
        asked.settings,
        revision=reading.source.revision,
        selection=asked.selection.describe(),
        approvals=approvals | reading.approvals,
        now=asked.started_at,
    )


def preview(asked: Pass, reading: Reading, looked: Looked, planned: Planned, base: Base) -> Preview | None:
    """Split the plan into what this change causes and what differs without it.

    None where the base has errors: what it would do is not known, so the whole plan is shown.
    """
    if base.has_errors:
        return None
    own: list[TargetPlan] = []
    existing = 0
    withdrawn: list[str] = []
    desired = {
        sight.name: asked.desired(select(base.declarations, sight.target), asked.place(sight.name))
        for sight in looked.sights
    }
    without_change = _plans(
        asked,
        reading,
        looked,
        desired,
        approvals=base.approvals,
        use=planned.use,
        before=asked.adapters.base_disabled,
    )
    for (_, built), (_, before) in zip(planned.pairs, without_change, strict=True):
        without = {_effect(before, action) for action in before.actions}
        kept = tuple(action for action in built.actions if _effect(built, action) not in without)
        here = {action.id for action in built.actions}
        contested_before = {change_digest(change) for change in before.contested}
        contested = tuple(c for c in built.contested if change_digest(c) not in contested_before)
        drift_before = {change_digest(change) for change in before.drift_reported}
        drift = tuple(c for c in built.drift_reported if change_digest(c) not in drift_before)
        existing += len(built.actions) - len(kept) + len(built.contested) - len(contested)
        existing += len(built.drift_reported) - len(drift)
        kept_before = {change.key for change in before.kept}
        left = tuple(c for c in built.kept if c.key not in kept_before)
        existing += len(built.kept) - len(left)
        withdrawn.extend(f"{action.verb} {action.key}" for action in before.actions if action.id not in here)
        refused_before = {(refusal.guard, refusal.keys) for refusal in before.refusals}
        problems_before = {(problem.rule, problem.message) for problem in before.problems}
        own.append(
            replace(
                built,
                actions=kept,
                contested=contested,
                drift_reported=drift,
                kept=left,
                refusals=tuple(r for r in built.refusals if (r.guard, r.keys) not in refused_before),
                problems=tuple(p for p in built.problems if (p.rule, p.message) not in problems_before),
            )
        )
    return Preview(base.name, tuple(own), existing, tuple(withdrawn))


def _is_of_built_in(action: Action) -> bool:
    return action.subject.live is not None and action.subject.live.is_built_in


def _effect(plan: TargetPlan, action: Action) -> tuple[ActionId, str, bool, bool]:
    """What an action does, and whether it is done: a change that only lets a delete through is a change, too."""
    return action.id, change_digest(action.subject), action.id in plan.held, action.forces


def after(plan: TargetPlan, live: State) -> State:
    """What is left of the live state when the plan is carried out; what is held stays.

    Built-in definitions make room all the same where that is held: whatever holds it says so itself.
    """
    doing = [
        action
        for action in plan.actions
        if action.is_deletion and (action.id not in plan.held or _is_of_built_in(action))
    ]
    gone = {key for action in doing for key in deleted(action)}
    moved: dict[ResourceKey, set[str]] = {}
    for action in doing:
        if action.key.kind is Kind.CRITERION:
            moved.setdefault(action.subject.key, set()).add(criterion_selector(action.key))
    if not gone:
        return live
    left = {key: resource for key, resource in live.resources.items() if key not in gone}
    for key, selectors in moved.items():
        resource = left.get(key)
        if resource is not None:
            criteria = {name: of for name, of in (resource.criteria or {}).items() if name not in selectors}
            left[key] = replace(resource, criteria=criteria)
    listed = {(beside, key.id) for key in gone if (beside := FACTS[key.kind].collection) is not None}
    return replace(live, resources=left, surroundings=live.surroundings.without(listed))
