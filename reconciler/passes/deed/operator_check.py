"""Whether an installed Operator works: its kinds, its controller, its key, its default store.

What its chart makes belongs to whoever installs the chart, so it is only read here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.cluster.client import ClusterClient
from reconciler.errors import ClusterForbiddenError, OrchestratorError
from reconciler.facts.cluster_demand import OF_DEPLOYMENTS, STORES
from reconciler.facts.operator_state import (
    containers_of,
    default_stores,
    deployed,
    missing_controller,
    missing_kinds,
    mounted_key,
    not_registered,
    wrong_secret,
)
from reconciler.facts.rollout import rollout
from reconciler.model.identity import ResourceKey, shown
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.passes.deed.running import Running, selector


@dataclass(frozen=True, slots=True)
class OperatorWork:
    """An Operator that is installed, by its Deployment. `secret` has its key, "" without; `organizations` accept it."""

    namespace: str
    controller: str
    secret: str = ""
    organizations: tuple[Place, ...] = ()


Read = Callable[[ResourceKey], Resource | None]


def operator_running(client: ClusterClient, work: OperatorWork, read: Read) -> Running:
    """How an Operator runs whose chart is installed. Raises ClusterError."""
    missing = missing_kinds(client.has_kind)
    if missing:
        return Running(missing)
    deployment = client.get(Kind.DEPLOYMENT, work.namespace, work.controller)
    pods = () if deployment is None else client.pods(work.namespace, selector(deployment))
    missing = missing_controller(work.namespace, deployment, pods)
    if missing:
        troubles = () if deployment is None else rollout(deployment, pods).troubles
        return Running(missing, troubles, is_lasting=any(one.is_lasting for one in troubles))
    notes = [f"{ready}/{every} containers ready" for ready, every in map(containers_of, pods[:1])]
    if work.secret:
        key = _key(client, work, read)
        if key.missing:
            return key
        notes.append(key.note)
    stores = _stores(client, work.namespace)
    return stores if stores.missing else Running("", note="; ".join([*notes, stores.note]))


def _key(client: ClusterClient, work: OperatorWork, read: Read) -> Running:
    try:
        secret = client.secret(work.namespace, work.secret)
    except ClusterForbiddenError as error:
        return Running("", note=f"whether its key is registered is not known: {error}")
    missing, key = wrong_secret(work.namespace, work.secret, secret), mounted_key(secret)
    if missing or key is None:
        return Running(missing, is_lasting=True)
    fingerprint = key.fingerprint
    if not work.organizations:
        return Running(
            "", note=f"key {shown(fingerprint)}… mounted; its organization is not part of this run"
        )
    for place in work.organizations:
        try:
            found = read(ResourceKey(place, Kind.OPERATOR_KEY, fingerprint))
        except OrchestratorError as error:
            return Running("", note=f"whether its key is registered in {place} is not known: {error}")
        if found is None:
            return Running(not_registered(fingerprint, str(place)), is_lasting=True)
    return Running("", note=f"key {shown(fingerprint)}… registered")


def _stores(client: ClusterClient, namespace: str) -> Running:
    try:
        names = default_stores(client.observe(STORES), namespace)
    except ClusterForbiddenError as error:
        return Running("", note=f"its default store is not known: {error}")
    if len(names) > 1:
        return Running(f"{len(names)} default stores, expected one: {', '.join(names)}", is_lasting=True)
    return Running("", note=f"default store {names[0]}" if names else "no default store yet")


def still_deployed(client: ClusterClient) -> str:
    """What was deployed through the Operator and still is, "" if nothing. Raises ClusterError if it cannot be seen."""
    return deployed(body for kind in OF_DEPLOYMENTS for body in client.observe(kind))
