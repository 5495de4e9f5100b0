"""An organization before and after another store becomes primary: modes of definitions, and what stops working.

Both sides are scopes, so that every fact about a mode is computed in the same way as for rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.facts.agent_input import is_for_runner
from reconciler.facts.built_in_secret import built_in_secrets, provisioned_by_operator, references_of
from reconciler.facts.built_in_use import built_in_uses
from reconciler.facts.definition import AGENT_TYPE, CLUSTER_TYPE, NAMESPACE_TYPE, ORCHESTRATOR_TYPES
from reconciler.facts.deployment_mode import mode_of
from reconciler.facts.git_target import is_git_target
from reconciler.facts.operator import is_runtime_cluster
from reconciler.facts.orchestrator_use import CLUSTERS, uses_of
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import SecretLeaf, plain_values, reference_leaves
from reconciler.model.json import dotted
from reconciler.model.kind import Kind
from reconciler.model.secret import Reference
from reconciler.model.state import Resource, State
from reconciler.model.stopping import Stopping
from reconciler.model.surroundings import BUILT_IN_STORE, LiveStore
from reconciler.settings import Mode
from reconciler.vendor.driver import CLUSTER_DRIVERS, GIT_DRIVER


@dataclass(frozen=True, slots=True)
class ModeChanges:
    """A cluster definition with its mode before and after; None if it is not known.

    `before` is "" for one that does not exist yet. `cluster` is "" if it is not known, `place` for one that no file
    declares.
    """

    id: str
    before: Mode | str | None
    after: Mode | None
    cluster: str = ""
    place: str = ""


def with_primary(scope: Scope, store: str) -> Scope:
    """The same target with another store as its primary one."""
    live = State({}, frozenset()) if scope.live is None else scope.live
    others = tuple(
        replace(one, is_primary=False) for one in live.surroundings.stores or () if one.id != store
    )
    stores = (*others, LiveStore(store, is_primary=True, type=""))
    changed = replace(live, surroundings=replace(live.surroundings, stores=stores))
    return replace(scope, live=changed, before=scope.of_files)


def mode_changes(before: Scope, after: Scope) -> tuple[ModeChanges, ...]:
    """Every cluster definition that deployments go to, declared ones first."""
    declared = tuple(
        ModeChanges(
            one.id,
            _before(before, one.id, is_git=is_git_target(one)),
            after.mode(one),
            after.cluster_of(one) or "",
            str(one.origin()),
        )
        for one in after.of_type(CLUSTER_TYPE)
        if not is_runtime_cluster(after, one)
    )
    others = tuple(
        ModeChanges(one.key.id, _live_mode(before, one), _live_mode(after, one))
        for one in after.live_of(Kind.DEFINITION)
        if one.document.get("type") == CLUSTER_TYPE and one.key.id not in after.definition_ids
    )
    return (*declared, *others)


def _before(scope: Scope, identifier: str, *, is_git: bool | None) -> Mode | str | None:
    live = scope.live_resource(Kind.DEFINITION, identifier)
    if live is None:
        return "" if scope.has_read(Kind.DEFINITION) else None
    declared = next(one for one in scope.of_type(CLUSTER_TYPE) if one.id == identifier)
    is_same_driver = live.document.get("driver_type") == declared.entity.driver_type
    inputs = declared.entity.driver_inputs
    if is_same_driver and (live.document.get("values") or {}) == ((inputs.values if inputs else None) or {}):
        return _mode(scope, is_git)
    return _live_mode(scope, live)


def _live_mode(scope: Scope, live: Resource) -> Mode | None:
    driver = live.document.get("driver_type")
    return _mode(scope, True if driver == GIT_DRIVER else False if driver in CLUSTER_DRIVERS else None)


def _mode(scope: Scope, is_git: bool | None) -> Mode | None:  # noqa: FBT001  None is the third answer
    if is_git:
        return Mode.GITOPS
    return None if is_git is None else scope.primary.mode


def stopping(before: Scope, after: Scope) -> tuple[Stopping, ...]:
    """What works before and not after, by definition; without what was not read, see `unread_stopping`."""
    if after.primary.mode is before.primary.mode:
        return ()
    if after.primary.mode is Mode.LEGACY:
        found = {*_needing_operator(after)}
    else:
        found = {*_kept_inside(after), *_written_inside(after)}
        found |= {*_references(after)} - {*_references(before)}
        found |= {*_built_in(after)} - {*_built_in(before)}
    return tuple(sorted(found, key=lambda one: (not one.is_sure, one.name, one.rule, one.what)))


def unread_stopping(before: Scope, after: Scope) -> Iterator[str]:
    """What was not read, so that more may stop working."""
    if after.primary.mode is before.primary.mode:
        return
    if not after.has_read(Kind.DEFINITION):
        yield f"definitions of organization {after.organization}, their secrets and what they match"
    computed = [
        one.id for one in mode_changes(before, after) if after.primary.mode is not None and one.after is None
    ]
    if computed:
        yield f"whether {', '.join(computed)} deploys to Git, which is known at deployment only"


def _live_definitions(scope: Scope) -> Iterator[tuple[Resource, str]]:
    """Live definitions that somebody made, each with the place that declares it."""
    declared = {one.id: one for one in scope.definitions}
    for live in scope.live_of(Kind.DEFINITION):
        if not live.is_built_in:
            one = declared.get(live.key.id)
            yield live, "" if one is None else str(one.origin(("driver_inputs",)))


def _kept_inside(scope: Scope) -> Iterator[Stopping]:
    """Secrets that stay in the built-in store (R81)."""
    for live, place in _live_definitions(scope):
        for secret in built_in_secrets(live, references_of(scope, live.key.id)):
            yield Stopping("R81", live.key.id, f"`{secret}` has its secret in the built-in store", place)


def _written_inside(scope: Scope) -> Iterator[Stopping]:
    """Plain values that are not live yet: what is written before the switch goes to the built-in store (R81)."""
    if not scope.has_read(Kind.DEFINITION):
        return
    for leaf in plain_values(scope):
        if leaf.definition.entity.type in ORCHESTRATOR_TYPES:
            continue
        live = scope.live_resource(Kind.DEFINITION, leaf.definition.id)
        if live is None or (provisioned_by_operator(live) and _pointer(leaf) not in live.secrets):
            what = f"`{dotted(leaf.path)}` is kept in the built-in store if it is written before the switch"
            yield Stopping("R81", leaf.definition.id, what, str(leaf.origin()), is_sure=False)


def _pointer(leaf: SecretLeaf) -> str:
    """Position of a plain value as in `Resource.secrets`."""
    _, member, *path = leaf.path
    if member == "secret_refs" and path and path[-1] == "value":
        path.pop()
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _references(scope: Scope) -> Iterator[Stopping]:
    """References of what the Operator provisions to what the orchestrator does (R92 to R94)."""
    for rule, types in (("R92", CLUSTERS), ("R93", (NAMESPACE_TYPE,)), ("R94", (AGENT_TYPE,))):
        for member, ask in uses_of(scope, types):
            mode = mode_of(scope, member)
            if mode is Mode.LEGACY:
                continue
            is_sure = mode is not None and rule != "R93"
            if rule == "R94" and is_for_runner(scope, member, ask):
                is_sure = False
            place = "" if member.declared is None else str(member.declared.origin(ask.path))
            yield Stopping(rule, member.id, f"refers to `{ask.name}`", place, is_sure)


def _built_in(scope: Scope) -> Iterator[Stopping]:
    """Built-in definitions in use, which may rely on the built-in store (R95)."""
    for use in built_in_uses(scope):
        if mode_of(scope, use.user) is not Mode.LEGACY:
            what = f"built-in definition in use: {use.words}"
            yield Stopping("R95", use.found.id, what, str(use.origin), is_sure=False)


def _needing_operator(scope: Scope) -> Iterator[Stopping]:
    """References to stores, which nothing resolves in legacy mode (R80), and what is ignored there (R109)."""
    declared = set()
    for leaf in reference_leaves(scope):
        if leaf.needs_operator:
            declared.add((leaf.definition.id, _pointer(leaf)))
            what = f"`{dotted(leaf.path)}` is a secret reference, which needs an Operator"
            yield Stopping("R80", leaf.definition.id, what, str(leaf.origin()))
    for live, place in _live_definitions(scope):
        for at, found in live.secrets.items():
            is_outside = isinstance(found, Reference) and found.store != BUILT_IN_STORE
            if is_outside and (live.key.id, at) not in declared:
                what = f"`{at.lstrip('/').replace('/', '.')}` has its secret in another store"
                yield Stopping("R80", live.key.id, what, place)
    for definition in scope.definitions:
        if definition.entity.in_place_driver_change:
            place = str(definition.origin(("in_place_driver_change",)))
            what = "`in_place_driver_change` has no effect"
            yield Stopping("R109", definition.id, what, place, is_sure=False)
