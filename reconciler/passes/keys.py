"""`keys status`: the steps read and look, then every key of every declared Agent and runner. Changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from reconciler.cluster.client import ClusterClient
from reconciler.diagnosis.key import Organizations
from reconciler.errors import ClusterError, KeyStoreError
from reconciler.facts.definition import dig
from reconciler.facts.keyring import declared_keys
from reconciler.facts.scope import Scope
from reconciler.footprint.value import Footprint, SecretEntry, WorkloadKey
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.finding import Severity
from reconciler.model.key import KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION, metadata_of
from reconciler.model.origin import Origin
from reconciler.model.registration import Registration
from reconciler.model.unread import Unread
from reconciler.passes.begin import Adapters, Pass, begin
from reconciler.passes.clusters import ClusterClients
from reconciler.passes.deed.cluster_hand import selector
from reconciler.passes.examine_target import see_target
from reconciler.passes.judge import scopes
from reconciler.passes.read import read
from reconciler.passes.result import Purpose
from reconciler.passes.world import World, each, organizations_of, reached, world_of
from reconciler.plan.selection import Selection
from reconciler.procedure.keyring import Keyring, KeyStatus, Mount, Pods
from reconciler.settings import Settings

T = TypeVar("T")
_NO_TARGET = Unread("no target of the settings reaches it", "Add a target for it, if only to read.")


@dataclass(frozen=True, slots=True)
class _Owner:
    """An Agent in all its organizations, or a runner in its only one."""

    name: str
    organization: str = ""

    def is_of(self, footprint: Footprint, organizations: Iterable[str]) -> bool:
        """True for an installation of it."""
        return footprint.installation == self.name and (
            not self.organization or self.organization in organizations
        )


def key_status(settings: Settings, adapters: Adapters) -> KeyStatus:
    """Every key of what the files declare. Raises ReconcilerError if the files cannot be read."""
    asked = begin(settings, adapters, Selection(), Purpose.PLAN)
    declarations = read(asked).declarations
    of_files = scopes(settings, asked.targets, declarations, asked.started_at)
    world = world_of(asked, declarations)
    agents = {agent.document.metadata.id for agent in declarations.agents}
    organizations = organizations_of(each(list(asked.targets), partial(see_target, asked, agents=agents)))
    clients = ClusterClients(asked)
    names = [name for name, cluster in world.clusters.items() if cluster.placed]
    try:
        seen = dict(zip(names, each(names, partial(_see, asked, clients, world)), strict=True))
    finally:
        clients.close()
    found = tuple(_keyrings(of_files, world, organizations, seen))
    return KeyStatus(
        found, asked.started_at, sum(one.severity is Severity.ERROR for one in declarations.findings)
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one installation: its mount, and its pods where it has any."""

    footprint: Footprint
    organizations: tuple[str, ...]
    mount: Mount | None
    pods: Pods | None
    elsewhere: str = ""


def _see(asked: Pass, clients: ClusterClients, world: World, name: str) -> tuple[_Seen, ...]:
    client = reached(asked, clients, name)
    found = []
    for placed in world.clusters[name].placed:
        footprint, organizations = placed.footprint, placed.organizations
        if isinstance(client, str):
            found.append(_Seen(footprint, organizations, None, None, f"cluster {name} ({client})"))
            continue
        entry = next(iter(footprint.secrets), None)
        mount = None if entry is None else _mount(client, name, entry)
        pods = None if footprint.workload is None else _pods(client, name, footprint.workload)
        found.append(_Seen(footprint, organizations, mount, pods))
    return tuple(found)


def _mount(client: ClusterClient | Unread, cluster: str, entry: SecretEntry) -> Mount:
    def fingerprint() -> str:
        assert not isinstance(client, Unread)
        secret = client.secret(entry.namespace, entry.name)
        key = None if secret is None else secret.private_keys.get(entry.entry)
        return "" if key is None else key.fingerprint

    read = client if isinstance(client, Unread) else _tried(fingerprint)
    return Mount(cluster, entry.namespace, entry.name, entry.entry, read)


def _pods(client: ClusterClient | Unread, cluster: str, workload: WorkloadKey) -> Pods:
    def running() -> dict[str, str]:
        assert not isinstance(client, Unread)
        deployment = client.get(Kind.DEPLOYMENT, workload.namespace, workload.name)
        if deployment is None:
            return {}
        found = {}
        for pod in client.pods(workload.namespace, selector(deployment)):
            value = dig(pod, "metadata", "annotations", FINGERPRINT_ANNOTATION)
            found[str(metadata_of(pod).get("name", ""))] = value if isinstance(value, str) else ""
        return found

    return Pods(cluster, client if isinstance(client, Unread) else _tried(running))


def _tried(read: Callable[[], T]) -> T | Unread:
    try:
        return read()
    except ClusterError as error:
        return Unread(str(error), error.advice)


def _keyrings(
    of_files: Iterable[Scope],
    world: World,
    organizations: Organizations,
    seen: Mapping[str, tuple[_Seen, ...]],
) -> Iterator[Keyring]:
    declared: dict[_Owner, dict[str, Origin]] = defaultdict(dict)
    served: dict[_Owner, dict[str, None]] = defaultdict(dict)
    for scope in of_files:
        for owner, keys in _declared(scope):
            declared[owner].update(keys)
            served[owner][scope.organization] = None
    installed = [one for of_cluster in seen.values() for one in of_cluster]
    for owner in sorted(served, key=lambda one: (one.name, one.organization)):
        here = [one for one in installed if owner.is_of(one.footprint, one.organizations)]
        hosts = [one for one in world.elsewhere if owner.is_of(one.footprint, one.organizations)]
        names = dict(served[owner])
        if not owner.organization:
            names.update(dict.fromkeys(name for one in here for name in one.organizations))
            names.update(dict.fromkeys(name for one in hosts for name in one.organizations))
        yield Keyring(
            owner.name,
            declared[owner],
            {name: _registered(owner, name, organizations) for name in names},
            tuple(one.mount for one in here if one.mount is not None),
            tuple(one.pods for one in here if one.pods is not None),
            (
                *(one.elsewhere for one in here if one.elsewhere),
                *(str(one.footprint.delivery) for one in hosts),
            ),
        )


def _declared(scope: Scope) -> Iterator[tuple[_Owner, Mapping[str, Origin]]]:
    """Owners of one target with the places of their public keys."""
    keys, _ = declared_keys(scope)
    places = {
        owner: {found: one.origin(("spec", "publicKey")) for found, one in of_owner.items()}
        for owner, of_owner in keys.items()
    }
    for agent in scope.agents:
        identifier = agent.document.metadata.id
        yield _Owner(f"{Kind.AGENT}/{identifier}"), places.get(KeyOwner(agent=identifier), {})
    for runner in scope.declarations.runners:
        identifier, path = runner.document.metadata.id, ("spec", "runner_configuration", "key")
        own = _fingerprint(dig(runner.raw, *path))
        if own is not None:
            found = {**places.get(KeyOwner(runner=identifier), {}), own: runner.origin(path)}
            yield _Owner(f"{Kind.RUNNER}/{identifier}", scope.organization), found


def _fingerprint(pem: object) -> str | None:
    try:
        return inspect_public_key(pem).fingerprint if isinstance(pem, str) else None
    except KeyStoreError:
        return None


def _registered(
    owner: _Owner, organization: str, organizations: Organizations
) -> Mapping[str, Registration] | Unread:
    seen = organizations.get(organization)
    if seen is None:
        return _NO_TARGET
    identifier = owner.name.partition("/")[2]
    if not owner.organization:
        return seen.keys if isinstance(seen.keys, Unread) else seen.keys.get(identifier, {})
    if isinstance(seen.runners, Unread):
        return seen.runners
    own = seen.runners.get(identifier)
    return {own: Registration()} if own else {}
