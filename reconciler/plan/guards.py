"""Limits that hold actions back, each with the exact option that allows one case.

There is no switch that turns all of them off (design decision 4.8). A guard holds what it names and
what depends on that; everything else of the plan is carried out.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.diff.change import Change, Group
from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import FACTS, WORKLOAD_KINDS, Kind
from reconciler.model.wording import plural
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.case import Case, Holds, Tripped, names_of, refusal_of
from reconciler.plan.doubt import is_shared, shown
from reconciler.plan.edges.installation import ceases_to_be_default, installation_of
from reconciler.plan.edges.store import becomes_primary, ceases_to_be_primary
from reconciler.plan.parts import agent_of, criterion_selector, is_primary, stores_of
from reconciler.plan.refusal import CUSTOM_RESOURCES, Refusal

CONTESTED = "contested"
"""The guard against taking over objects: it holds nothing, because what is contested gets no action."""
EMPTY_TREE = "empty-tree"

GUARDS: Mapping[str, str] = {
    EMPTY_TREE: "the files of a target declare nothing, and what it owns would be deleted",
    "unread-file": "something would be deleted, and a file that is empty or too large to be read may declare it",
    "deletes": "more objects of one kind would be deleted than `safety.maxDelete` allows",
    "last-key": "an agent, or the Operators of an organization, would lose their last key and be cut off",
    "protected": "something under `safety.protect` would be deleted",
    "drifted": "something would be deleted that is not as it was last written: the record does not prove whose it is",
    "cascade": "a delete would also remove objects that the plan does not delete itself",
    "replace": "something would be deleted and created again, because a field of it cannot be changed",
    "state-storage": "a runner's state storage would change; existing state is not moved",
    "runner-key": "a runner's key would change; its agents are refused until they run with the new one",
    "primary-store": "another secret store would become primary, which can switch the mode of the whole organization",
    "default-store": "an Operator would write to another secret store; what it wrote to the former one is not moved",
    "store-in-use": "a secret store would be deleted while definitions refer to it",
    "in-use": "resources that are in use would lose their definition or move to another one",
    "uninstall": "an Agent or runner would be removed from its only cluster while it stays registered",
    CUSTOM_RESOURCES: "an Operator would be removed while what it deployed exists; nothing but undeploying allows it",
    "older-commit": "the commit is older than the last applied one, so its plan takes back what came after it",
    CONTESTED: "an object that is not owned would be taken over",
}
"""Every guard and what it refuses."""


def tripped(case: Case) -> list[Tripped]:
    """Every guard that trips, in the order of `GUARDS`; `contested` is not among them."""
    found: list[Tripped] = []
    for guard in (
        _empty_tree, _unread_file, _deletes, _last_key, _last_operator_key, _protected, _drifted, _cascade, _replace,
        _state_storage, _runner_key, _primary_store, _default_store, _store_in_use, _in_use, _uninstall,
        _custom_resources, _older_commit,
    ):  # fmt: skip
        found.extend(guard(case))
    return found


def takeover(
    target: TargetName, contested: Sequence[Change], *, is_one_of_many: bool = False
) -> list[Refusal]:
    """The refusal of taking over contested objects, [] if there are none. Built-in ones are never taken over."""
    keys = tuple(sorted(c.key for c in contested if c.live is not None and not c.live.is_built_in))
    if not keys:
        return []
    message = f"{plural(len(keys), 'object')} not owned and different from the files"
    return [Refusal(CONTESTED, target, message, keys, is_one_of_many)]


def allowed_deletes(limit: str, owned: int) -> int:
    """Number of deletes among `owned` objects that a `safety.maxDelete` allows.

    >>> allowed_deletes("10% or 5", 20), allowed_deletes("10% or 5", 200), allowed_deletes("0", 9)
    (5, 20, 0)
    """
    allowed = 0
    for part in re.split(r" or ", limit):
        number = int(part.rstrip("%"))
        allowed = max(allowed, owned * number // 100 if part.endswith("%") else number)
    return allowed


def deleted(action: Action) -> tuple[ResourceKey, ...]:
    """Keys that one deletion removes: the keys of an agent go with it. Empty for other actions."""
    return (action.key, *(change.key for change in action.carried)) if action.is_deletion else ()


def _pruned(case: Case) -> dict[Kind, dict[ResourceKey, frozenset[ActionId]]]:
    """Pruned objects and the actions that delete them, by kind.

    Replacements and criteria have guards of their own; that a private key is no longer used is known before it goes. A
    person has named revoked keys.
    """
    pruned: dict[Kind, dict[ResourceKey, frozenset[ActionId]]] = defaultdict(dict)
    for action in case.actions:
        if action.subject.group is Group.PRUNE and action.key.kind is not Kind.PRIVATE_KEY:
            for key in deleted(action):
                if key.kind in (Kind.KEY, Kind.OPERATOR_KEY) and key.id in case.revoked:
                    continue
                pruned[key.kind][key] = frozenset((action.id,))
    return pruned


def _empty_tree(case: Case) -> Iterator[Tripped]:
    """Everything that would be deleted where no file of the target is left.

    What other targets share with it may still be declared; of that alone, a target may consist.
    """
    holds = {key: ids for keys in _pruned(case).values() for key, ids in keys.items()}
    is_left = case.is_bare and all(is_shared(key, case.live.resources.get(key)) for key in holds)
    if not case.desired.resources or (case.is_bare and not is_left):
        yield from refusal_of(
            case,
            EMPTY_TREE,
            holds,
            f"the files {'declare nothing on it' if case.is_cluster else 'of this target declare nothing'}; "
            f"{plural(len(holds), 'owned object')} would be deleted",
        )


def _unread_file(case: Case) -> Iterator[Tripped]:
    """What a file may declare that is there and says nothing: it may have been cut off, or have outgrown a limit."""
    holds = {
        key: ids
        for keys in _pruned(case).values()
        for key, ids in keys.items()
        if any(doubt.covers(key, case.live.resources.get(key)) for doubt in case.doubts)
    }
    yield from refusal_of(
        case,
        "unread-file",
        holds,
        f"{shown(case.doubts)}, and may declare what would be deleted: {names_of(holds)}",
    )


def _deletes(case: Case) -> Iterator[Tripped]:
    holds: dict[ResourceKey, frozenset[ActionId]] = {}
    counted = []
    limits = (case.safety.maxDelete, *case.before.max_delete)
    exceeded: list[str] = []
    for kind, keys in sorted(_pruned(case).items()):
        owned = case.owned.get(kind, 0)
        limit = min(limits, key=lambda one: allowed_deletes(one, owned))
        allowed = allowed_deletes(limit, owned)
        if len(keys) > allowed:
            exceeded.append(limit)
            holds.update(keys)
            counted.append(f"{len(keys)} of {plural(owned, f'owned {kind} object')} ({allowed} allowed)")
    yield from refusal_of(
        case,
        "deletes",
        holds,
        f"{', '.join(counted)} would be deleted; safety.maxDelete is {' and '.join(dict.fromkeys(exceeded))}",
    )


def _last_key(case: Case) -> Iterator[Tripped]:
    """Agents without a key after the plan, also those that are deleted or come back under another id."""
    pruned = _pruned(case)
    live = case.live.of(Kind.KEY)
    losing = {agent_of(key) for key in pruned[Kind.KEY]}
    losing |= {agent_of(key.key) for key in live} & pruned[Kind.AGENT].keys()
    # A declared key that is not accepted yet counts: the barrier holds the old one until it is.
    staying = {
        agent_of(key.key)
        for key in live
        if key.key not in pruned[Kind.KEY] and (key.is_accepted or key.key in case.desired.resources)
    } - pruned[Kind.AGENT].keys()
    staying |= {
        agent_of(action.key)
        for action in case.actions
        if action.verb is Verb.CREATE and action.key.kind is Kind.KEY
    }
    holds: dict[ResourceKey, frozenset[ActionId]] = {}
    for agent in losing:
        if agent not in staying:
            keys = (ids for key, ids in pruned[Kind.KEY].items() if agent_of(key) == agent)
            holds[agent] = frozenset().union(pruned[Kind.AGENT].get(agent, frozenset()), *keys)
    names = ", ".join(sorted(agent.id for agent in holds))
    yield from refusal_of(
        case, "last-key", holds, f"the last key of {names} would be deleted; the agent would be cut off"
    )


def _last_operator_key(case: Case) -> Iterator[Tripped]:
    """An organization without an Operator key after the plan; the API does not say which Operator uses which key."""
    pruned = _pruned(case).get(Kind.OPERATOR_KEY, {})
    staying = {key.key for key in case.live.of(Kind.OPERATOR_KEY)} - pruned.keys()
    created = any(a.verb is Verb.CREATE and a.key.kind is Kind.OPERATOR_KEY for a in case.actions)
    if not staying and not created:
        message = (
            f"the last Operator key of {case.target} would be deleted ({names_of(pruned)}); hosted drivers refuse an "
            "Operator without one"
        )
        yield from refusal_of(case, "last-key", pruned, message)


def _protected(case: Case) -> Iterator[Tripped]:
    holds = {
        key: frozenset((action.id,))
        for action in case.actions
        for key in deleted(action)
        if any(key.matches(pattern) for pattern in (*case.safety.protect, *case.before.protect))
    }
    yield from refusal_of(case, "protected", holds, f"protected objects would be deleted: {names_of(holds)}")


def _drifted(case: Case) -> Iterator[Tripped]:
    """Deletes of what somebody changed, or of what only an edited record calls owned."""
    holds = {
        change.key: frozenset((action.id,))
        for action in case.actions
        if action.is_deletion
        for change in (action.subject, *action.carried)
        if change.group is Group.PRUNE and change.is_drift
    }
    yield from refusal_of(
        case,
        "drifted",
        holds,
        f"{names_of(holds)} would be deleted and differs from what was last written, so the record does not prove "
        "that it is owned",
    )


def _cascade(case: Case) -> Iterator[Tripped]:
    """Objects that a delete removes although the plan does not delete them: unmanaged ones, and those policy keeps.

    Deleting an agent deletes its keys, deleting a runner its rules, whoever made them (v1 2.3, v2 5.5).
    """
    gone = {key: action.id for action in case.actions for key in deleted(action)}
    holds = {
        resource.key: frozenset((gone[holder],))
        for resource in case.live.resources.values()
        if resource.key not in gone and (holder := resource.parent) is not None and holder in gone
    }
    yield from refusal_of(
        case,
        "cascade",
        holds,
        f"{plural(len(holds), 'object')} that this plan does not delete would be deleted as well: {names_of(holds)}",
    )


def _replace(case: Case) -> Iterator[Tripped]:
    holds = {
        action.key: frozenset(((Verb.DELETE, action.key), (Verb.CREATE, action.key)))
        for action in case.actions
        if action.is_deletion and action.subject.group is not Group.PRUNE and FACTS[action.key.kind].immutable
    }
    yield from refusal_of(
        case,
        "replace",
        holds,
        f"the type of {names_of(holds)} cannot be changed; deleting and creating again is the only way",
    )


def _state_storage(case: Case) -> Iterator[Tripped]:
    holds = _runner_updates(case, ("state_storage_configuration",))
    yield from refusal_of(
        case,
        "state-storage",
        holds,
        f"the state storage of {names_of(holds)} would change; state is not moved, "
        "what it describes would be orphaned",
    )


def _runner_key(case: Case) -> Iterator[Tripped]:
    """Runners whose key changes. A runner has one: agents that still use the old one then get 401 (v2 reference 9).

    Where the new one is in the Secret already, that is how a rotation goes on.
    """
    changed = _runner_updates(case, ("runner_configuration", "key"))
    holds = {key: actions for key, actions in changed.items() if key not in case.mounted}
    yield from refusal_of(
        case,
        "runner-key",
        holds,
        f"the key of {names_of(holds)} would change; its agents are refused until they run with the new one",
    )


def _runner_updates(case: Case, field: tuple[str, ...]) -> Holds:
    return {
        action.key: frozenset((action.id,))
        for action in case.actions
        if action.verb is Verb.UPDATE
        and action.key.kind is Kind.RUNNER
        and any(change.path[: len(field)] == field for change in action.subject.fields)
    }


def _primary_store(case: Case) -> Iterator[Tripped]:
    """Changes of the primary store, which decides the mode of every deployment (agent and operator 4)."""
    stores = [action for action in case.actions if action.key.kind is Kind.SECRET_STORE]
    promoted = [action for action in stores if becomes_primary(action)]
    # Where another store is promoted, that is the change, and what follows requires it.
    demoted = [] if promoted else [action for action in stores if ceases_to_be_primary(action)]
    held = [*promoted, *demoted]
    now = ", ".join(store.key.id for store in case.live.of(Kind.SECRET_STORE) if is_primary(store))
    now = now or ("" if case.reach is None else case.reach.primary)
    switch = "" if case.reach is None else case.reach.switch(is_promotion=bool(promoted))
    details = case.reach.details if case.reach is not None and switch else ()
    yield from refusal_of(
        case,
        "primary-store",
        {action.key: frozenset((action.id,)) for action in held},
        f"the primary secret store is {now or 'not known'}; "
        + (
            f"{names_of(action.key for action in promoted)} would become it"
            if promoted
            else f"{names_of(action.key for action in held)} would cease to be it"
        )
        + ": every application of the organization is deployed by Operators while it is an external one, and by none "
        f"while it is the built-in one{switch}",
        details,
    )


def _default_store(case: Case) -> Iterator[Tripped]:
    """Changes of the store that an Operator keeps its own data in, such as the state of drivers (R84)."""
    holds = {
        action.key: frozenset((action.id,))
        for action in case.actions
        if action.key.kind is Kind.STORE_RESOURCE and ceases_to_be_default(action)
    }
    yield from refusal_of(
        case,
        "default-store",
        holds,
        f"{names_of(holds)} would cease to be the default store: what the Operator wrote there is not moved, so it "
        "no longer finds the state of its drivers",
    )


def _store_in_use(case: Case) -> Iterator[Tripped]:
    """Deleted stores that definitions refer to; no refusal of the server is documented (v1 reference 5.3)."""
    deleting = {
        action.key.id: action
        for action in case.actions
        if action.is_deletion and action.key.kind is Kind.SECRET_STORE
    }
    if not deleting:
        return
    gone = {action.key for action in case.actions if action.is_deletion}
    desired = {a.key: a.subject.desired for a in case.actions if a.verb is Verb.UPDATE}
    users: dict[str, list[ResourceKey]] = defaultdict(list)
    for definition in case.live.of(Kind.DEFINITION):
        if definition.key not in gone:
            for store in stores_of(desired.get(definition.key, definition)) & deleting.keys():
                users[store].append(definition.key)
    is_read = Kind.DEFINITION in case.live.complete
    named = [
        f"{deleting[store].key} is referred to by {names_of(keys)}" for store, keys in sorted(users.items())
    ]
    if not is_read:
        named.append("definitions could not be read, so which stores they refer to is not known")
    yield from refusal_of(
        case,
        "store-in-use",
        {a.key: frozenset((a.id,)) for store, a in deleting.items() if store in users or not is_read},
        f"secrets would not be found any more: {'; '.join(named)}",
    )


def reduced_definitions(actions: Iterable[Action]) -> frozenset[str]:
    """Ids of definitions that are deleted or lose a criterion."""
    kinds = (Kind.DEFINITION, Kind.CRITERION)
    return frozenset(a.subject.key.id for a in actions if a.is_deletion and a.key.kind in kinds)


def _in_use(case: Case) -> Iterator[Tripped]:
    """Resources that would lose their definition or move to another one (v1 reference 4.7)."""
    holds: dict[ResourceKey, frozenset[ActionId]] = {}
    named: dict[ResourceKey, list[ActiveResource]] = {}
    for action in case.actions:
        if not action.is_deletion or action.key.kind not in (Kind.DEFINITION, Kind.CRITERION):
            continue
        used = [found for found in case.active.get(action.subject.key.id, ()) if _loses(action, found)]
        if used:
            key = action.subject.key
            holds[key] = holds.get(key, frozenset()) | {action.id}
            named.setdefault(key, []).extend(used)
    texts = [
        f"{key} is used by {', '.join(dict.fromkeys(map(str, used)))}" for key, used in sorted(named.items())
    ]
    yield from refusal_of(
        case,
        "in-use",
        holds,
        f"resources in use would lose their definition or move to another one: {'; '.join(texts)}",
    )


def _uninstall(case: Case) -> Iterator[Tripped]:
    """Workloads whose product stays registered: whatever goes through it would fail (agent and operator 2.14)."""
    holds = {
        action.key: frozenset((action.id,))
        for action in case.actions
        if action.is_deletion
        and action.key.kind in WORKLOAD_KINDS
        and installation_of(action) in case.registered
    }
    names = ", ".join(sorted({installation_of(action) for action in case.actions if action.key in holds}))
    yield from refusal_of(
        case,
        "uninstall",
        holds,
        f"{names} would run nowhere, and stays registered: what goes through it would fail",
    )


def _custom_resources(case: Case) -> Iterator[Tripped]:
    """Operators whose chart would be uninstalled, by which their custom resources may go as well (R65)."""
    holds = {
        action.key: frozenset((action.id,))
        for action in case.actions
        if action.is_deletion and action.key in case.deployed
    }
    found = ", ".join(dict.fromkeys(case.deployed[key] for key in sorted(holds)))
    yield from refusal_of(
        case,
        CUSTOM_RESOURCES,
        holds,
        f"the chart of {names_of(holds)} would be uninstalled, and perhaps its kinds with everything of them: {found}",
    )


def _older_commit(case: Case) -> Iterator[Tripped]:
    """Everything that a commit would take back that is an ancestor of the last applied one."""
    if not case.newer:
        return
    holds: dict[ResourceKey, frozenset[ActionId]] = {}
    for action in case.actions:
        if action.writes_orchestrator:
            key = action.subject.key
            holds[key] = holds.get(key, frozenset()) | {action.id}
    yield from refusal_of(
        case,
        "older-commit",
        holds,
        f"commit {case.revision[:12]} is older than {case.newer[:12]}, which was applied last; "
        f"{plural(len(holds), 'object')} would go back to it",
    )


def _loses(action: Action, used: ActiveResource) -> bool:
    if action.key.kind is Kind.DEFINITION:
        return True
    fields = action.subject.criteria.removed.get(criterion_selector(action.key), {})
    return used.fits(fields)
