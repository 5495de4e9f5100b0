"""Where private halves are kept on clusters according to the documents, and what was found there.

A place is an entry of a Secret. Contents of Secrets are never seen here: a cluster's state contains only facts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.agent_installation import KEY_ENTRY, key_secret, namespace_of, on_clusters
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent, InstalledRunner
from reconciler.facts.runner_installation import namespace_of as namespace_of_runner
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import PrivateKey, SecretObject
from reconciler.model.declaration import AnyDeclared
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Path
from reconciler.model.key import KeyOwner, KeySpec
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import Unseen
from reconciler.vendor import operator as vendor_operator
from reconciler.vendor.runner import NAME

RUNNER_SECRET = NAME
"""The Secret of the vendor's guide."""
OPERATOR_ENTRY = vendor_operator.KEY_ENTRY
ORGANIZATION_ENTRY = vendor_operator.ORGANIZATION_ENTRY


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """An entry of a Secret that is to contain the private half of `owner`. `path` is where the document says so."""

    owner: KeyOwner
    cluster: str
    namespace: str
    secret: str
    entry: str
    document: AnyDeclared
    path: Path

    @property
    def origin(self) -> Origin:
        """Place in the files."""
        return self.document.origin(self.path)

    @property
    def name(self) -> str:
        """The place in words."""
        return f"Secret `{self.namespace}/{self.secret}` of cluster `{self.cluster}`"


def key_places(scope: Scope) -> tuple[KeyPlace, ...]:
    """Every place that documents of the organization declare, once per owner, in the order of the files."""
    found: dict[tuple[KeyOwner, str, str, str, str], KeyPlace] = {}
    for place in (*_of_agents(scope), *_of_operators(scope), *_of_runners(scope), *_of_keys(scope)):
        same = (place.owner, place.cluster, place.namespace, place.secret, place.entry)
        found.setdefault(same, place)
    return tuple(found.values())


def _of_agents(scope: Scope) -> Iterator[KeyPlace]:
    for installed, cluster in on_clusters(scope):
        mounted = key_secret(installed.install)
        if mounted is not None:
            secret, entry = mounted
            owner, path = KeyOwner(agent=installed.id), (*installed.path, "privateKey")
            namespace = namespace_of(installed.install)
            yield KeyPlace(owner, cluster, namespace, secret, entry, installed.agent, path)


def _of_operators(scope: Scope) -> Iterator[KeyPlace]:
    for operator in scope.operators:
        spec = operator.document.spec
        key = spec.driverKey
        if key is not None:
            owner, namespace = (
                KeyOwner(operator=operator.document.metadata.id),
                key.namespace or spec.namespace,
            )
            path = ("spec", "driverKey")
            yield KeyPlace(owner, spec.cluster, namespace, key.secretName, OPERATOR_ENTRY, operator, path)


def _of_runners(scope: Scope) -> Iterator[KeyPlace]:
    for installed in scope.runner_installs:
        install, secret = installed.install, runner_secret(installed)
        if secret is None or install.cluster is None:
            continue
        key = install.privateKey
        own = install.namespace if install.delivery is None else namespace_of_runner(install)
        namespace = own if key is None or key.namespace is None else key.namespace
        named = dig(install.helmValues, "humanitec", "existingSecretKey")
        entry = key.secretKey if key is not None else named if isinstance(named, str) and named else KEY_ENTRY
        if namespace is not None:
            owner, path = KeyOwner(runner=installed.id), ("spec", "install", "privateKey")
            yield KeyPlace(owner, install.cluster, namespace, secret, entry, installed.runner, path)


def runner_secret(installed: InstalledRunner) -> str | None:
    """Name of the Secret that an installed runner reads; None if nothing declares or implies it."""
    install = installed.install
    if install.privateKey is not None:
        return install.privateKey.secretName
    named = dig(install.helmValues, "humanitec", "existingSecret")
    if isinstance(named, str) and named:
        return named
    return None if install.delivery is None else RUNNER_SECRET


def _of_keys(scope: Scope) -> Iterator[KeyPlace]:
    for declared in scope.declarations.keys:
        place, owner = declared.document.spec.privateKey, declared.document.spec.for_
        if place is None or not (place.cluster and place.namespace and place.secret):
            continue
        entry = entry_of(declared.document.spec)
        path = ("spec", "privateKey")
        yield KeyPlace(owner, place.cluster, place.namespace, place.secret, entry, declared, path)


def entry_of(spec: KeySpec) -> str:
    """Entry of the Secret of a `Key` document; the guides' default if it names none."""
    named = None if spec.privateKey is None else spec.privateKey.key
    return named or (KEY_ENTRY if spec.for_.operator is None else OPERATOR_ENTRY)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found at a place. `unseen` is what could not be read, None if the place was read.

    `secret` is None if there is no such Secret, `key` if its entry contains no private key.
    """

    place: KeyPlace
    secret: SecretObject | None = None
    key: PrivateKey | None = None
    unseen: Unseen | None = None


def look(scope: Scope, place: KeyPlace) -> Found:
    """What the state of the place's cluster says about it."""
    state = scope.cluster_state(place.cluster)
    secret = None if state is None else state.secret(place.namespace, place.secret)
    if secret is not None:
        return Found(place, secret, secret.private_keys.get(place.entry))
    if state is not None and state.has_read_secret(place.namespace, place.secret):
        return Found(place)
    return Found(place, unseen=scope.unseen(place.cluster, "Secret"))


def owner_key(scope: Scope, owner: KeyOwner) -> ResourceKey | None:
    """Key of the Agent or runner; None for Operators, which are not managed."""
    if owner.agent is not None:
        return scope.key(Kind.AGENT, owner.agent)
    return None if owner.runner is None else scope.key(Kind.RUNNER, owner.runner)


def installs_by_owner(scope: Scope) -> Iterator[tuple[KeyOwner, InstalledAgent | InstalledRunner]]:
    """Installations of Agents and runners with their owners."""
    for agent in scope.agent_installs:
        yield KeyOwner(agent=agent.id), agent
    for runner in scope.runner_installs:
        yield KeyOwner(runner=runner.id), runner
