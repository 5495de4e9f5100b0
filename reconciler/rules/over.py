"""The kinds of subjects that rules check, each with the function that finds them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from reconciler.facts.agent_installation import named, on_clusters
from reconciler.facts.agent_manifest import text_at
from reconciler.facts.declared_runner import WrittenRunner, written_runners
from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition
from reconciler.facts.installed import InstalledAgent, InstalledRunner
from reconciler.facts.key_place import KeyPlace, key_places, owner_key
from reconciler.facts.keyring import AgentKeys, agent_keys
from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.scope import Scope
from reconciler.facts.workload import Product, Workload, declared_workloads
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declarations, Declared, Foreign
from reconciler.model.json import Path
from reconciler.model.key import KeyDocument
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.rules.subject import Subject

S_co = TypeVar("S_co", covariant=True)
F = TypeVar("F")
_ID = ("metadata", "id")


@dataclass(frozen=True, slots=True)
class Over(Generic[S_co]):
    """One kind of subject. `is_of_tree` is true where all targets share the subjects, which are checked once."""

    noun: str
    subjects: Callable[[Scope], Iterable[S_co]]
    is_of_tree: bool = False


def _definitions(scope: Scope) -> Iterator[Subject[DeclaredDefinition]]:
    return (_definition(scope, definition) for definition in scope.definitions)


def _cluster_definitions(scope: Scope) -> Iterator[Subject[DeclaredDefinition]]:
    return (_definition(scope, definition) for definition in scope.of_type(CLUSTER_TYPE))


def _git_targets(scope: Scope) -> Iterator[Subject[DeclaredDefinition]]:
    return (_definition(scope, definition) for definition in scope.git_targets)


def _definition(scope: Scope, definition: DeclaredDefinition) -> Subject[DeclaredDefinition]:
    return of_definition(scope, definition, definition)


def of_definition(scope: Scope, definition: DeclaredDefinition, fact: F, path: Path = ()) -> Subject[F]:
    """Subject for something about a definition. Its place is the id, or a path below `entity`."""
    key = scope.key(Kind.DEFINITION, definition.id)
    place = partial(definition.origin, path) if path else lambda: definition.id_origin
    return Subject(fact, scope, f"definition `{definition.id}`", place, key)


def _agents(scope: Scope) -> Iterator[Subject[Declared[AgentDocument]]]:
    for agent in scope.agents:
        name = agent.document.metadata.id
        yield Subject(
            agent, scope, f"Agent `{name}`", partial(agent.origin, _ID), scope.key(Kind.AGENT, name)
        )


def _agent_installs(scope: Scope) -> Iterator[Subject[InstalledAgent]]:
    for one in scope.agent_installs:
        yield Subject(one, scope, f"Agent `{one.id}`", one.origin, scope.key(Kind.AGENT, one.id))


def _agents_on_clusters(scope: Scope) -> Iterator[Subject[InstalledAgent]]:
    for one, _ in on_clusters(scope):
        yield Subject(one, scope, named(one), one.origin, scope.key(Kind.AGENT, one.id))


def _workloads(*products: Product) -> Callable[[Scope], Iterator[Subject[Workload]]]:
    def found(scope: Scope) -> Iterator[Subject[Workload]]:
        for workload in declared_workloads(scope):
            if workload.product in products:
                yield Subject(workload, scope, workload.name, workload.origin(), workload.key(scope))

    return found


def _runners(scope: Scope) -> Iterator[Subject[WrittenRunner]]:
    for runner in written_runners(scope):
        yield Subject(runner, scope, f"runner `{runner.id}`", partial(runner.origin, _ID), runner.key(scope))


def _runner_installs(scope: Scope) -> Iterator[Subject[InstalledRunner]]:
    for one in scope.runner_installs:
        yield Subject(one, scope, f"runner `{one.id}`", one.origin, scope.key(Kind.RUNNER, one.id))


def _operators(scope: Scope) -> Iterator[Subject[DeclaredOperator]]:
    for operator in scope.operators:
        yield Subject(
            operator, scope, f"Operator `{operator.document.metadata.id}`", partial(operator.origin, _ID)
        )


def _keys(scope: Scope) -> Iterator[Subject[Declared[KeyDocument]]]:
    for declared in scope.declarations.keys:
        name = f"key `{declared.document.metadata.id}`"
        yield Subject(declared, scope, name, partial(declared.origin, ("spec", "publicKey")))


def _keyrings(scope: Scope) -> Iterator[Subject[AgentKeys]]:
    for keys in agent_keys(scope):
        place = partial(keys.agent.origin, _ID)
        yield Subject(keys, scope, f"keys of Agent `{keys.id}`", place, scope.key(Kind.AGENT, keys.id))


def _key_places(scope: Scope) -> Iterator[Subject[KeyPlace]]:
    for place in key_places(scope):
        yield Subject(place, scope, place.name, place.origin, owner_key(scope, place.owner))


def _stores(scope: Scope) -> Iterator[Subject[Declared[SecretStoreDocument]]]:
    for store in scope.secret_stores:
        yield Subject(
            store, scope, f"secret store `{store.document.metadata.id}`", partial(store.origin, _ID)
        )


def _manifests(scope: Scope) -> Iterator[Subject[Foreign]]:
    for foreign in scope.everything.foreign:
        name = f"{foreign.raw.get('kind')} `{text_at(foreign.raw, 'metadata', 'name')}`"
        yield Subject(foreign, scope, name, foreign.origin)


def _target(scope: Scope) -> Iterator[Subject[Scope]]:
    yield Subject(scope, scope, f"target `{scope.target}`", scope.settings.origin("targets", scope.target))


def _tree(scope: Scope) -> Iterator[Subject[Declarations]]:
    yield Subject(scope.everything, scope, "", Origin(""))


TARGET = Over("target", _target)
TREE = Over("tree", _tree, is_of_tree=True)
DEFINITIONS = Over("definition", _definitions)
"""Definitions of the target, including those generated from Agent documents."""
CLUSTER_DEFINITIONS = Over("cluster definition", _cluster_definitions)
GIT_TARGETS = Over("Git target", _git_targets)
AGENTS = Over("Agent", _agents)
AGENT_INSTALLS = Over("Agent installation", _agent_installs)
"""Installations that documents declare. `AGENT_WORKLOADS` has them as containers, and those of manifests as well."""
AGENTS_ON_CLUSTERS = Over("Agent on a cluster", _agents_on_clusters)
"""Installations on named clusters, which can be read."""
AGENT_WORKLOADS = Over("Agent workload", _workloads(Product.AGENT))
WORKLOADS = Over("workload", _workloads(*Product))
RUNNERS = Over("runner", _runners)
"""Runner documents, including invalid ones."""
RUNNER_INSTALLS = Over("runner installation", _runner_installs)
OPERATORS = Over("Operator", _operators)
KEYS = Over("key", _keys)
"""Key documents of the target."""
KEYRINGS = Over("keyring", _keyrings)
"""All keys of one Agent: declared, registered, mounted."""
KEY_PLACES = Over("location of a key", _key_places)
MANIFESTS = Over("manifest", _manifests)
"""Documents of other tools in the whole tree, mostly Kubernetes objects."""
STORES = Over("secret store", _stores)
