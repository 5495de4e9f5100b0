"""What an examination reads of one cluster. Everything that cannot be read fails alone, and is a value."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from reconciler.cluster.client import ClusterClient
from reconciler.diagnosis.sight import InstallationSight, Rights, ServerSight
from reconciler.errors import ClusterError
from reconciler.facts.definition import dig
from reconciler.facts.manifest import OPERATOR_API, STORE_KIND
from reconciler.footprint.needed_right import (
    Right,
    rights_to_apply,
    rights_to_make_keys,
    rights_to_plan,
    rights_to_see_more,
)
from reconciler.footprint.value import Footprint, WorkloadKey
from reconciler.model.cluster_state import ObservedKind
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import kind_of, metadata_of
from reconciler.model.unread import Unread
from reconciler.passes.deed.running import selector

T = TypeVar("T")
_TAIL_LINES = 1_000
"""Enough for the first lines of a quiet Agent; the adapter limits the size."""
_MOST_LOGS = 20
_NAMESPACES = "namespaces"


@dataclass(frozen=True, slots=True)
class Placed:
    """One installation that is declared on the cluster, with the organizations that it serves."""

    footprint: Footprint
    organizations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterAsked:
    """What to examine on one cluster. `observed` are the kinds that rules read."""

    placed: tuple[Placed, ...]
    observed: tuple[ObservedKind, ...] = ()
    has_operator: bool = False
    made_keys: tuple[tuple[str, str], ...] = ()
    """Secrets in which keys are made, by namespace and name."""


def see_server(
    client: ClusterClient, asked: ClusterAsked, now: Callable[[], datetime]
) -> ServerSight | Unread:
    """The API server itself; an `Unread` if it does not answer at all."""
    facts = _tried(client.describe)
    if isinstance(facts, Unread):
        return facts
    footprints = [one.footprint for one in asked.placed]
    plan = rights_to_plan(footprints)
    more = rights_to_see_more(footprints, asked.observed) if footprints or asked.observed else ()
    spaces = sorted({right.namespace for right in rights_to_apply(footprints)} - {""})
    to_apply = (*rights_to_apply(footprints), *rights_to_make_keys(asked.made_keys))
    kinds = _kinds(footprints, has_operator=asked.has_operator)
    present = _tried(lambda: {kind: client.has_kind(*kind) for kind in kinds})
    return ServerSight(
        client.address,
        facts.version,
        # The header has whole seconds, so that a difference of one means nothing.
        None if facts.time is None else facts.time - now(),
        _tried(lambda: _rights(client, plan, spaces)) if footprints else Rights(0),
        _tried(lambda: _rights(client, more, ())),
        _tried(lambda: _rights(client, to_apply, ())),
        {} if isinstance(present, Unread) else present,
    )


def _kinds(footprints: Iterable[Footprint], *, has_operator: bool) -> list[tuple[str, str]]:
    """Kinds that come with Flux, Argo CD or the Operator, as far as something declared needs them."""
    found = {
        (str(body["apiVersion"]), str(body["kind"]))
        for one in footprints
        for body in one.documents
        if kind_of(body) is not Kind.NAMESPACE
    }
    return sorted(found | ({(OPERATOR_API, STORE_KIND)} if has_operator else set()))


def _rights(client: ClusterClient, needed: Sequence[Right], spaces: Sequence[str]) -> Rights:
    """Which rights are missing. Rights to single objects are asked for one by one only if there is none to all.

    A list of the whole cluster may be granted in each of `spaces` instead.
    """
    groups: dict[Right, list[Right]] = defaultdict(list)
    for right in needed:
        groups[right if right.resource == "secrets" else right._replace(name="")].append(right)
    missing: list[tuple[Right, str]] = []
    narrowed: list[Right] = []
    for whole, single in groups.items():
        reason = client.refusal(*whole)
        if reason is None:
            continue
        if whole.verb == "list" and _is_narrowed(client, whole, spaces):
            narrowed.append(whole)
            continue
        for right in single:
            own = reason if right == whole else client.refusal(*right)
            if own is not None:
                missing.append((right, own))
    return Rights(len(needed), tuple(missing), tuple(narrowed))


def _is_narrowed(client: ClusterClient, right: Right, spaces: Sequence[str]) -> bool:
    if not spaces or right.namespace:
        return False
    if right.resource == _NAMESPACES:
        # Declared ones are read by their names, which is enough.
        return all(client.refusal("get", "", _NAMESPACES, "", space) is None for space in spaces)
    return all(client.refusal(*right._replace(namespace=space)) is None for space in spaces)


def see_installation(client: ClusterClient, placed: Placed) -> InstallationSight:
    """One installation, with its Secret, pods and their logs."""
    footprint = placed.footprint
    entry = next(iter(footprint.secrets), None)
    secret = None if entry is None else _tried(lambda: client.secret(entry.namespace, entry.name))
    workload = footprint.workload
    if workload is None:
        return InstallationSight(footprint, placed.organizations, secret=secret)
    deployment = _tried(lambda: client.get(Kind.DEPLOYMENT, workload.namespace, workload.name))
    if deployment is None or isinstance(deployment, Unread):
        return InstallationSight(footprint, placed.organizations, deployment, secret=secret)
    labels = selector(deployment)
    pods = _tried(lambda: tuple(client.pods(workload.namespace, labels)))
    logs: dict[str, tuple[str, ...] | Unread] = {}
    if not isinstance(pods, Unread):
        pods = tuple(pod for pod in pods if "deletionTimestamp" not in metadata_of(pod))
        for pod in [pod for pod in pods if _has_started(pod)][:_MOST_LOGS]:
            logs[str(metadata_of(pod).get("name", ""))] = _log(client, workload, pod)
    return InstallationSight(footprint, placed.organizations, deployment, pods, logs, secret)


def _log(client: ClusterClient, workload: WorkloadKey, pod: JsonObject) -> tuple[str, ...] | Unread:
    """The log of the product; that of its last run if it waits to be restarted and has none yet."""
    name = str(metadata_of(pod).get("name", ""))

    def read(*, is_previous: bool) -> tuple[str, ...] | Unread:
        return _tried(
            lambda: tuple(
                client.log(
                    workload.namespace, name, workload.container, tail_lines=_TAIL_LINES, previous=is_previous
                )
            )
        )

    found = read(is_previous=False)
    if found and not isinstance(found, Unread):
        return found
    before = read(is_previous=True) if _was_restarted(pod) else found
    return found if isinstance(before, Unread) else before


def _has_started(pod: JsonObject) -> bool:
    """True if some container ran: one that never did has no log, and asking for it is an error."""
    return any(
        dig(status, "state", "running")
        or dig(status, "state", "terminated")
        or dig(status, "lastState", "terminated")
        for status in _statuses(pod)
    )


def _was_restarted(pod: JsonObject) -> bool:
    return any(dig(status, "lastState", "terminated") for status in _statuses(pod))


def _statuses(pod: JsonObject) -> list[JsonObject]:
    found = dig(pod, "status", "containerStatuses")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _tried(read: Callable[[], T]) -> T | Unread:
    try:
        return read()
    except ClusterError as error:
        return Unread(str(error), error.advice)
