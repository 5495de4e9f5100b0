"""Compares what the files declare on a cluster with what was read of it. Pure.

Objects on a cluster prove their owner themselves, by a label and by the manager of their fields, so there is no
record: the inventory of a cluster is derived from what is live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diff.cluster import projection
from reconciler.diff.fields import is_same
from reconciler.diff.managed_fields import is_ours
from reconciler.facts.definition import dig
from reconciler.footprint.value import Footprint
from reconciler.model.cluster_state import ClusterObject, ClusterState, SecretObject
from reconciler.model.identity import ResourceKey, TargetName, target_of_cluster
from reconciler.model.json import JsonObject, digest
from reconciler.model.kind import WORKLOAD_KINDS, Kind
from reconciler.model.kubernetes_object import (
    FIELD_MANAGER,
    FINGERPRINT_ANNOTATION,
    key_of,
    metadata_of,
)
from reconciler.model.mark import applied_digest, unmarked, with_digest, without_digest
from reconciler.model.origin import Origin
from reconciler.model.place import Place
from reconciler.model.record import Inventory, Ownership
from reconciler.model.state import Resource, State
from reconciler.passes.key_turn import KeyTurn, secrets_after
from reconciler.plan.action import TargetPlan, Unexamined


@dataclass(frozen=True, slots=True)
class ClusterReading:
    """What was read of one cluster.

    `found` are live objects of this instance and those that have the name of a declared one. `observed` are all
    objects of kinds that rules read, by kind as in `ClusterState.complete`. `secrets` has None for
    a Secret that does not exist; one that could not be read is missing. `is_directory` is true for a folder, where
    nothing runs and no Secret is known.
    """

    place: Place
    instance: str
    address: str
    found: Mapping[ResourceKey, JsonObject]
    complete: frozenset[Kind]
    observed: Mapping[str, tuple[JsonObject, ...]] = field(default_factory=dict)
    secrets: Mapping[tuple[str, str], SecretObject | None] = field(default_factory=dict)
    unexamined: tuple[Unexamined, ...] = ()
    is_directory: bool = False
    tried: Mapping[ResourceKey, JsonObject] = field(default_factory=dict)
    """What the server says would become of existing objects, where it was asked."""
    denied: Mapping[ResourceKey, str] = field(default_factory=dict)
    """Why the server would refuse objects, where it was asked."""
    absent_kinds: frozenset[Kind] = frozenset()
    """Kinds that the cluster does not have, because what brings them is not installed."""

    def is_own(self, found: JsonObject) -> bool:
        """True if a live object belongs to this instance."""
        return is_ours(found, self.instance)


@dataclass(frozen=True, slots=True)
class ClusterSight:
    """One cluster, with what the files declare on it.

    `bodies` are the whole desired objects; `unforced` those of them that exist, are equal apart from the marks of an
    owner, and are not this instance's yet. `lacking` says by workload or secret store what it waits for: an entry of
    a Secret.
    """

    name: TargetName
    reading: ClusterReading
    bodies: Mapping[ResourceKey, JsonObject]
    desired: State
    live: State
    inventory: Inventory
    unforced: frozenset[ResourceKey]
    lacking: Mapping[ResourceKey, str]
    workloads: Mapping[ResourceKey, Footprint]
    """Declared workloads with their installations."""
    mounted: Mapping[ResourceKey, str] = field(default_factory=dict)
    """Fingerprints of the keys that workloads read, as far as they are known."""
    refused: tuple[tuple[str, str, Origin], ...] = ()
    """Installations that cannot be made as declared: name, reason, place."""
    turns: tuple[KeyTurn, ...] = ()
    """The next step of every key that is made on the cluster."""

    @property
    def place(self) -> Place:
        """The cluster."""
        return self.reading.place


def cluster_sight(reading: ClusterReading, footprints: Sequence[Footprint]) -> ClusterSight:
    """The cluster with these installations declared."""
    place = reading.place
    origins = {key_of(body, place): one.origin for one in footprints for body in one.applied}
    bodies = bodies_of(reading, footprints)
    desired: dict[ResourceKey, Resource] = {}
    live: dict[ResourceKey, Resource] = {}
    owned: dict[ResourceKey, Ownership] = {}
    unforced: set[ResourceKey] = set()
    for key in sorted(bodies.keys() | reading.found.keys()):
        body, found = bodies.get(key), reading.found.get(key)
        tried = reading.tried.get(key)
        sides = (
            projection(body or {}, found or {}, FIELD_MANAGER)
            if tried is None or found is None
            else projection(_settled(tried), _settled(found), FIELD_MANAGER)
        )
        wanted, present = map(_document, sides)
        if body is not None:
            desired[key] = Resource(key, wanted, origin=origins.get(key))
        if found is None:
            continue
        is_own = reading.is_own(found)
        if body is None and not is_own:
            continue
        if not is_own and is_same(unmarked(wanted), unmarked(present)):
            unforced.add(key)
            # Also where somebody else applied the label: without our manager, or the record of a folder, it would
            # never be ours.
            present = unmarked(present)
        live[key] = Resource(key, present, handle={"uid": str(metadata_of(found).get("uid", ""))})
        if is_own or key in unforced:
            # Desired is what was last applied if the object carries the digest of exactly this body.
            is_as_applied = body is not None and applied_digest(found) == applied_digest(body)
            owned[key] = Ownership(
                key, applied=digest(wanted) if is_as_applied else "", observed=digest(present)
            )
    name = target_of_cluster(place.name)
    return ClusterSight(
        name,
        reading,
        bodies,
        State(desired, reading.complete),
        State(live, reading.complete),
        Inventory(reading.instance, name, owned, place=place),
        frozenset(unforced),
        _lacking(reading, footprints),
        workloads=_workloads(place, footprints),
        mounted={
            key: fingerprint
            for key, one in _workloads(place, footprints).items()
            if (fingerprint := _fingerprint(reading, one))
        },
        refused=tuple((one.installation, one.refusal, one.origin) for one in footprints if one.refusal),
    )


def _workloads(place: Place, footprints: Sequence[Footprint]) -> dict[ResourceKey, Footprint]:
    return {key: one for one in footprints if (key := workload_of(one, place)) is not None}


_OF_THE_SERVER = frozenset(("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"))


def _settled(body: JsonObject) -> JsonObject:
    """A whole object without what changes with every write, and without its status."""
    metadata = {name: value for name, value in metadata_of(body).items() if name not in _OF_THE_SERVER}
    return {**{name: value for name, value in body.items() if name != "status"}, "metadata": metadata}


def _document(projected: JsonObject) -> JsonObject:
    """What is compared and shown: without what the key says, and what the object is before what it is called."""
    rest = {
        name: value for name, value in without_digest(projected).items() if name not in ("apiVersion", "kind")
    }
    metadata: JsonObject = {
        name: value
        for name, value in metadata_of(rest).items()
        if name not in ("name", "namespace") and value
    }
    rest.pop("metadata", None)
    return {**rest, **({"metadata": metadata} if metadata else {})}


def cluster_state(sight: ClusterSight, plan: TargetPlan) -> ClusterState:
    """What rules read: the cluster as the plan leaves it; what is held stays as it is."""
    reading = sight.reading
    objects = {_name_of(body): body for body in reading.found.values()}
    objects.update((_name_of(body), body) for bodies in reading.observed.values() for body in bodies)
    for action in plan.allowed:
        body = sight.bodies.get(action.key) or reading.found.get(action.key)
        if body is None:
            continue
        if action.is_deletion:
            objects.pop(_name_of(body), None)
        elif action.writes_orchestrator:
            objects[_name_of(body)] = body
    secrets = secrets_after(reading.secrets, [one for one in sight.turns if _is_taken(one, plan)])
    return ClusterState(
        tuple(ClusterObject(*name, body) for name, body in sorted(objects.items(), key=lambda item: item[0])),
        tuple(one for one in secrets.values() if one is not None),
        frozenset(reading.observed),
        frozenset(at for at, one in secrets.items() if one is None),
    )


def _is_taken(turn: KeyTurn, plan: TargetPlan) -> bool:
    return any(action.key == turn.key for action in plan.allowed)


def _name_of(body: JsonObject) -> tuple[str, str, str, str]:
    """API version, kind, namespace and name."""
    metadata = metadata_of(body)
    return (
        str(body.get("apiVersion")),
        str(body.get("kind")),
        str(metadata.get("namespace", "")),
        str(metadata.get("name", "")),
    )


def bodies_of(reading: ClusterReading, footprints: Sequence[Footprint]) -> dict[ResourceKey, JsonObject]:
    """What is applied. A namespace that exists and belongs to others is used as it is."""
    place = reading.place
    bodies = {}
    for one in footprints:
        fingerprint = _fingerprint(reading, one)
        made = one.with_fingerprint(fingerprint) if fingerprint else one
        bodies.update({key_of(body, place): body for body in made.applied})
    for key, found in reading.found.items():
        if key.kind is Kind.NAMESPACE and not reading.is_own(found) and not reading.is_directory:
            bodies.pop(key, None)
    return {key: with_digest(body) for key, body in bodies.items()}


def workload_of(one: Footprint, place: Place) -> ResourceKey | None:
    """Key of what makes the pods of an installation run; None if somebody installs it by hand."""
    keys = (key_of(body, place) for body in one.applied)
    return next((key for key in keys if key.kind in WORKLOAD_KINDS), None)


def store_of(one: Footprint, place: Place) -> ResourceKey | None:
    """Key of the custom resource of a secret store; None for other installations."""
    keys = (key_of(body, place) for body in one.applied)
    return next((key for key in keys if key.kind is Kind.STORE_RESOURCE), None)


def _fingerprint(reading: ClusterReading, one: Footprint) -> str:
    """Fingerprint of the mounted key; the one that pods run with if the Secret cannot be read, "" without any."""
    for entry in one.secrets:
        found = reading.secrets.get((entry.namespace, entry.name))
        key = found.private_keys.get(entry.entry) if found is not None else None
        if key is not None:
            return key.fingerprint
    workload = workload_of(one, reading.place)
    live = {} if workload is None else reading.found.get(workload, {})
    running = dig(live, "spec", "template", "metadata", "annotations", FINGERPRINT_ANNOTATION)
    return running if isinstance(running, str) else ""


def _lacking(reading: ClusterReading, footprints: Sequence[Footprint]) -> dict[ResourceKey, str]:
    if reading.is_directory:
        return {}
    found: dict[ResourceKey, str] = {}
    for one in footprints:
        waiting = workload_of(one, reading.place) or store_of(one, reading.place)
        if waiting is None:
            continue
        for entry in one.needed:
            at = (entry.namespace, entry.name)
            if at in reading.secrets:
                secret = reading.secrets[at]
                named = f"Secret {entry.namespace}/{entry.name}"
                if secret is None:
                    found.setdefault(waiting, f"{named} does not exist")
                elif entry.entry and entry.entry not in secret.entries:
                    found.setdefault(waiting, f"{named} has no entry {entry.entry}")
    return found
