"""`keys status`: the steps read and look, then every key of what the files declare. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from reconciler.cluster.client import ClusterClient
from reconciler.diagnosis.key import Organizations
from reconciler.facts.definition import dig
from reconciler.facts.key_place import key_places
from reconciler.facts.keyring import declared_keys
from reconciler.facts.placed_key import PlacedDocument, entries_of, placed_keys
from reconciler.facts.scope import Scope
from reconciler.footprint.value import Footprint
from reconciler.keystore.public_key import fingerprint_of
from reconciler.model.cluster_state import SecretObject
from reconciler.model.finding import Severity
from reconciler.model.key import KeyOwner
from reconciler.model.key_entries import KeyEntries
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.registration import Registration
from reconciler.model.runner import AgentRunner
from reconciler.model.unread import Unread
from reconciler.passes.begin import Adapters, Pass, begin
from reconciler.passes.clusters import ClusterClients
from reconciler.passes.examine_target import see_target
from reconciler.passes.judge import scopes
from reconciler.passes.pods import running, tried
from reconciler.passes.read import read
from reconciler.passes.result import Purpose
from reconciler.passes.rotations import generated_key, mounted_key, placed_key
from reconciler.passes.world import World, each, organizations_of, reached, world_of
from reconciler.plan.selection import Selection
from reconciler.procedure.keyring import Keyring, Mount, PlacedKey, Pods
from reconciler.procedure.rotation import GeneratedKey, KeyStatus, Turn, rotation
from reconciler.settings import Settings

_NO_TARGET = Unread("no target of the settings reaches it", "Add a target for it, if only to read.")
_OPERATOR = "Operator"


@dataclass(frozen=True, slots=True)
class _Owner:
    """An Agent in all its organizations, or a runner or an Operator in its only one."""

    kind: str
    id: str
    organization: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"

    def is_of(self, footprint: Footprint, organizations: Iterable[str]) -> bool:
        """True for an installation of it."""
        is_here = not self.organization or self.organization in organizations
        return footprint.installation == str(self) and is_here


@dataclass(slots=True)
class _Declared:
    """What the files of all targets say about one owner. `places` are Secrets: cluster, namespace, name and entry.

    `placed` are documents of keys whose public half is where the private one is.
    """

    organizations: dict[str, None] = field(default_factory=dict)
    keys: dict[str, Origin] = field(default_factory=dict)
    places: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    placed: dict[Origin, PlacedDocument] = field(default_factory=dict)

    @property
    def generated(self) -> Iterator[PlacedDocument]:
        """Documents of keys that are made here."""
        return (one for one in self.placed.values() if one.document.spec.generate is not None)


def key_status(settings: Settings, adapters: Adapters) -> KeyStatus:
    """Every key of what the files declare. Raises ReconcilerError if the files cannot be read."""
    asked = begin(settings, adapters, Selection(), Purpose.PLAN)
    declarations = read(asked).declarations
    world = world_of(asked, declarations)
    owners = _owners(scopes(settings, asked.targets, declarations, asked.started_at))
    see = partial(
        see_target,
        asked,
        agents={agent.document.metadata.id for agent in declarations.agents},
        has_operators=any(owner.kind == _OPERATOR for owner in owners),
    )
    organizations = organizations_of(each(list(asked.targets), see))
    placed = {place[0] for one in owners.values() for place in one.places}
    installed = {name for name, cluster in world.clusters.items() if cluster.placed}
    names = sorted(placed | installed)
    clients = ClusterClients(asked)
    try:
        seen = dict(zip(names, each(names, partial(_see, asked, clients, world, owners)), strict=True))
    finally:
        clients.close()
    rings = [
        (found, _keyring(owner, found, world, organizations, seen))
        for owner, found in sorted(owners.items(), key=_name)
    ]
    turns = {
        keyring.owner: tuple(
            _turn(document, keyring, world, seen, asked.started_at) for document in found.generated
        )
        for found, keyring in rings
    }
    return KeyStatus(
        tuple(keyring for _, keyring in rings),
        asked.started_at,
        sum(one.severity is Severity.ERROR for one in declarations.findings),
        {owner: found for owner, found in turns.items() if found},
    )


def _turn(
    document: PlacedDocument, keyring: Keyring, world: World, seen: Mapping[str, "_Seen"], now: datetime
) -> tuple[KeyEntries, GeneratedKey, Turn]:
    """The next step of a key that is made here."""
    entries = entries_of(document)
    key = generated_key(document, keyring, _placed(entries, seen), world)
    return entries, key, rotation(key, now)


def _placed(entries: KeyEntries, seen: Mapping[str, "_Seen"]) -> PlacedKey | Unread:
    on_cluster = seen[entries.cluster]
    if on_cluster.why:
        return Unread(on_cluster.why)
    secret = on_cluster.secrets[entries.namespace, entries.secret]
    return secret if isinstance(secret, Unread) else placed_key(entries, secret)


def _name(item: tuple[_Owner, object]) -> tuple[str, str]:
    return str(item[0]), item[0].organization


def _owners(of_files: Iterable[Scope]) -> Mapping[_Owner, _Declared]:
    found: dict[_Owner, _Declared] = defaultdict(_Declared)
    for scope in of_files:
        documents, _ = declared_keys(scope)
        places = list(key_places(scope))
        for owner, own in _of_target(scope):
            one, name = found[owner], _key_owner(owner)
            one.organizations[scope.organization] = None
            one.keys |= {
                key: document.origin(("spec", "publicKey"))
                for key, document in documents.get(name, {}).items()
            }
            one.keys |= own
            one.placed |= {
                key.origin(): key for key in placed_keys(scope.declarations) if key.document.spec.for_ == name
            }
            one.places |= {
                (place.cluster, place.namespace, place.secret, place.entry): None
                for place in places
                if place.owner == name
            }
    return found


def _of_target(scope: Scope) -> Iterator[tuple[_Owner, Mapping[str, Origin]]]:
    """Owners of one target, with the keys that their own documents contain."""
    for agent in scope.agents:
        yield _Owner(str(Kind.AGENT), agent.document.metadata.id), {}
    for runner in scope.declarations.runners:
        path = ("spec", "runner_configuration", "key")
        own = fingerprint_of(dig(runner.raw, *path))
        if isinstance(runner.document.spec.runner_configuration, AgentRunner):
            key = {} if own is None else {own: runner.origin(path)}
            yield _Owner(str(Kind.RUNNER), runner.document.metadata.id, scope.organization), key
    for operator in scope.operators:
        driver = operator.document.spec.driverKey
        if driver is not None:
            place = operator.origin(("spec", "driverKey", "fingerprint"))
            keys = {} if driver.fingerprint is None else {driver.fingerprint.lower(): place}
            yield _Owner(_OPERATOR, operator.document.metadata.id, scope.organization), keys


def _key_owner(owner: _Owner) -> KeyOwner:
    return KeyOwner.model_validate({owner.kind.lower(): owner.id})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen on one cluster: Secrets by namespace and name, and pods by installation with its organizations.

    `why` is the reason why nothing can be seen there, "" if something can.
    """

    secrets: Mapping[tuple[str, str], SecretObject | Unread | None] = field(default_factory=dict)
    pods: tuple[tuple[Footprint, tuple[str, ...], Pods], ...] = ()
    why: str = ""


def _see(
    asked: Pass, clients: ClusterClients, world: World, owners: Mapping[_Owner, _Declared], name: str
) -> _Seen:
    client = reached(asked, clients, name)
    if isinstance(client, str):
        return _Seen(why=client)
    secrets = dict.fromkeys(place[1:3] for one in owners.values() for place in one.places if place[0] == name)
    placed = world.clusters[name].placed if name in world.clusters else ()
    return _Seen(
        {at: client if isinstance(client, Unread) else _secret(client, *at) for at in secrets},
        tuple(
            (
                one.footprint,
                one.organizations,
                Pods(name, client if isinstance(client, Unread) else running(client, one.footprint.workload)),
            )
            for one in placed
            if one.footprint.workload is not None
        ),
    )


def _secret(client: ClusterClient, namespace: str, name: str) -> SecretObject | Unread | None:
    return tried(lambda: client.secret(namespace, name))


def _keyring(
    owner: _Owner,
    declared: _Declared,
    world: World,
    organizations: Organizations,
    seen: Mapping[str, _Seen],
) -> Keyring:
    mounts, unseen = [], []
    for place in declared.places:
        on_cluster = seen[place[0]]
        if on_cluster.why:
            unseen.append(f"cluster {place[0]} ({on_cluster.why})")
        else:
            secret = on_cluster.secrets[place[1:3]]
            key = secret if isinstance(secret, Unread) else mounted_key(KeyEntries(*place), secret)
            mounts.append(Mount(*place, key))
    pods = [
        (served, found)
        for one in seen.values()
        for footprint, served, found in one.pods
        if owner.is_of(footprint, served)
    ]
    hosts = [one for one in world.elsewhere if owner.is_of(one.footprint, one.organizations)]
    names = dict(declared.organizations)
    if not owner.organization:
        for served in (*(served for served, _ in pods), *(one.organizations for one in hosts)):
            names.update(dict.fromkeys(served))
    placed = {origin: _placed(entries_of(one), seen) for origin, one in declared.placed.items()}
    kept = {origin: one for origin, one in placed.items() if isinstance(one, PlacedKey)}
    keys = {**declared.keys, **{key: origin for origin, one in kept.items() for key in one.fingerprints}}
    known = {**keys, **{one.fingerprint: None for one in mounts if isinstance(one.fingerprint, str)}}
    return Keyring(
        str(owner),
        keys,
        {name: _registered(owner, name, organizations, known) for name in names},
        tuple(mounts),
        tuple(found for _, found in pods),
        (*dict.fromkeys(unseen), *(str(one.footprint.delivery) for one in hosts)),
        tuple(kept.values()),
    )


def _registered(
    owner: _Owner, organization: str, organizations: Organizations, known: Iterable[str]
) -> Mapping[str, Registration] | Unread:
    seen = organizations.get(organization)
    if seen is None:
        return _NO_TARGET
    if owner.kind == _OPERATOR:
        # Registered keys of Operators do not say whose they are: those that this one neither declares nor mounts may
        # belong to others.
        keys = seen.operator_keys
        return keys if isinstance(keys, Unread) else {key: keys[key] for key in known if key in keys}
    if owner.kind == Kind.AGENT:
        return seen.keys if isinstance(seen.keys, Unread) else seen.keys.get(owner.id, {})
    if isinstance(seen.runners, Unread):
        return seen.runners
    own = seen.runners.get(owner.id)
    return {own: Registration()} if own else {}
