"""Objects on clusters, and the registrations that they need.

registration -> namespace -> everything else of an installation -> workload; deletions the other way. A workload is
deleted after the definitions that need it, and its registration after the workload (agent and operator 2.14).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.model.identity import ResourceKey, shown
from reconciler.model.kind import FACTS, WORKLOAD_KINDS, Generation, Kind
from reconciler.model.kubernetes_object import (
    DEFAULT_STORE_LABEL,
    INSTALLATION_ANNOTATION,
    OPERATOR_INSTALLATIONS,
    namespace_and_name,
    text_of,
)
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.edges.agent import named_agent
from reconciler.plan.edges.store import becomes_primary
from reconciler.plan.parts import agent_of, runner_of

_REGISTRATIONS = frozenset((Kind.AGENT, Kind.RUNNER))
_Part = tuple[Place, str, bool]
"""A namespace of a cluster, and whether what happens there are deletions."""


def installation_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Edges between objects on clusters, and between workloads and registrations."""
    objects = [action for action in actions if FACTS[action.key.kind].generation is Generation.KUBERNETES]
    if not objects:
        return
    yield from _namespace_edges(objects)
    yield from _binding_edges(objects)
    workloads: dict[str, list[Action]] = defaultdict(list)
    for action in objects:
        if action.key.kind in WORKLOAD_KINDS:
            workloads[installation_of(action)].append(action)
    for action in objects:
        if action.key.kind not in WORKLOAD_KINDS and action.key.kind is not Kind.NAMESPACE:
            for workload in workloads.get(installation_of(action), ()):
                if workload.key.place == action.key.place and workload.is_deletion == action.is_deletion:
                    yield ((workload.id, action.id) if workload.is_deletion else (action.id, workload.id))
    for of_one in workloads.values():
        yield from _succession_edges(of_one)
    yield from _registration_edges(actions, workloads)
    yield from _private_key_edges(actions)
    yield from _store_edges(actions, objects)
    yield from _operator_edges(actions, [one for of_one in workloads.values() for one in of_one])


def _private_key_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """A key is withdrawn after it is no longer in its Secret: from there, it would be registered again."""
    made = {
        str(action.subject.live.document.get("key")): action.id
        for action in actions
        if action.key.kind is Kind.PRIVATE_KEY and action.subject.live is not None
    }
    for action in actions if made else ():
        if action.key.kind in (Kind.KEY, Kind.OPERATOR_KEY) and action.is_deletion:
            before = made.get(shown(action.key.id.rpartition("/")[2]))
            if before is not None:
                yield before, action.id


def _store_edges(actions: Sequence[Action], objects: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Chart of the Operator -> custom resource of a store -> the same store as the primary one; back the other way.

    Of two default stores of an Operator the former ceases to be it first: what is written in between fails, and
    is not written to the wrong one.
    """
    stores = [action for action in objects if action.key.kind is Kind.STORE_RESOURCE]
    if not stores:
        return
    charts = [
        action
        for action in objects
        if action.key.kind in WORKLOAD_KINDS
        and installation_of(action).startswith(OPERATOR_INSTALLATIONS)
        and action.verb in (Verb.CREATE, Verb.DELETE)
    ]
    registered = [action for action in actions if action.key.kind is Kind.SECRET_STORE]
    for store in stores:
        for chart in charts:
            if chart.key.place == store.key.place and chart.is_deletion == store.is_deletion:
                yield (store.id, chart.id) if store.is_deletion else (chart.id, store.id)
        _, name = namespace_and_name(store.key)
        for action in registered:
            if action.key.id == name and action.is_deletion and store.is_deletion:
                yield action.id, store.id
            if action.key.id == name and not store.is_deletion and becomes_primary(action):
                yield store.id, action.id
    for former in filter(ceases_to_be_default, stores):
        for new in filter(becomes_default, stores):
            if former.key != new.key and is_beside(former.key, new.key):
                yield former.id, new.id


def is_default(store: Resource | None) -> bool:
    """True for a custom resource of the store that the Operator writes to."""
    return store is not None and text_of(store.document, "labels", DEFAULT_STORE_LABEL) == "true"


def becomes_default(store: Action) -> bool:
    """True for an action after which a store is the default one that was not before."""
    return not store.is_deletion and is_default(store.subject.desired) and not is_default(store.subject.live)


def ceases_to_be_default(store: Action) -> bool:
    """True for an action that takes the place of the default store from a store."""
    return is_default(store.subject.live) and (store.is_deletion or not is_default(store.subject.desired))


def is_beside(one: ResourceKey, other: ResourceKey) -> bool:
    """True for objects in one namespace of one cluster."""
    return one.place == other.place and namespace_and_name(one)[0] == namespace_and_name(other)[0]


def _operator_edges(
    actions: Sequence[Action], workloads: Sequence[Action]
) -> Iterator[tuple[ActionId, ActionId]]:
    """A key is registered before an Operator starts with it, and withdrawn after it is removed.

    Which Operator uses a key is not known where nothing awaits it: none is withdrawn before any of them.
    """
    for workload in workloads:
        yield from (((Verb.CREATE, key), workload.id) for key in workload.awaits)
    leaving = [
        one
        for one in workloads
        if one.is_deletion and installation_of(one).startswith(OPERATOR_INSTALLATIONS)
    ]
    for action in actions if leaving else ():
        if action.is_deletion and action.key.kind is Kind.OPERATOR_KEY:
            yield from ((workload.id, action.id) for workload in leaving)


def _succession_edges(workloads: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Another delivery of an installation begins once the workload of the former is gone: there are never two."""
    for old in workloads:
        for new in workloads:
            if old.is_deletion and not new.is_deletion and old.key.place == new.key.place:
                yield old.id, new.id


def installation_of(action: Action) -> str:
    """The document that an object belongs to, such as `Agent/eu-1`; "" for what several share."""
    change = action.subject
    of = change.live if action.is_deletion else change.desired
    return "" if of is None else text_of(of.document, "annotations", INSTALLATION_ANNOTATION)


def _namespace_edges(objects: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """A namespace is created before what is in it, and deleted after that."""
    inside = _by_part(objects)
    for namespace in objects:
        if namespace.key.kind is Kind.NAMESPACE:
            for action in inside.get((namespace.key.place, namespace.key.id, namespace.is_deletion), ()):
                yield ((action.id, namespace.id) if namespace.is_deletion else (namespace.id, action.id))


def _binding_edges(objects: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """A role is created before its binding, which has its name, and deleted after it."""
    roles = {(one.key, one.is_deletion): one for one in objects if one.key.kind is Kind.ROLE}
    for binding in (action for action in objects if action.key.kind is Kind.ROLE_BINDING):
        role = roles.get((binding.key._replace(kind=Kind.ROLE), binding.is_deletion))
        if role is not None:
            yield (binding.id, role.id) if role.is_deletion else (role.id, binding.id)


def _by_part(objects: Iterable[Action]) -> Mapping[_Part, Sequence[Action]]:
    found: dict[_Part, list[Action]] = defaultdict(list)
    for action in objects:
        found[_part(action)].append(action)
    return found


def _part(action: Action) -> _Part:
    return action.key.place, namespace_and_name(action.key)[0], action.is_deletion


def _registration_edges(
    actions: Sequence[Action], workloads: Mapping[str, Sequence[Action]]
) -> Iterator[tuple[ActionId, ActionId]]:
    for action in actions:
        for name in _registered_by(action):
            for workload in workloads.get(name, ()):
                if workload.is_deletion:
                    if action.is_deletion and action.key.kind in _REGISTRATIONS:
                        yield workload.id, action.id
                elif not action.is_deletion:
                    yield action.id, workload.id
        for name in _used_by(action):
            for workload in workloads.get(name, ()):
                if workload.is_deletion:
                    yield action.id, workload.id


def _registered_by(action: Action) -> Iterator[str]:
    """The installation that a registration is for."""
    if action.key.kind in _REGISTRATIONS:
        yield f"{action.key.kind}/{action.key.id}"
    elif action.key.kind is Kind.KEY:
        yield str(agent_of(action.key))


def _used_by(action: Action) -> Iterator[str]:
    """Installations that a definition or runner rule stops using."""
    if action.key.kind is Kind.DEFINITION:
        old, new = named_agent(action.subject.live), named_agent(action.subject.desired)
        if old is not None and (action.is_deletion or old != new):
            yield str(old)
    elif action.key.kind is Kind.RUNNER_RULE and action.subject.live is not None:
        old = runner_of(action.subject.live)
        if old is not None and action.is_deletion:
            yield str(old)


def workload_keys(resources: Mapping[ResourceKey, Resource]) -> Mapping[ResourceKey, str]:
    """Workloads among the objects of a cluster, with the installation of each."""
    return {
        key: text_of(resource.document, "annotations", INSTALLATION_ANNOTATION)
        for key, resource in resources.items()
        if key.kind in WORKLOAD_KINDS
    }
