"""What a rule can read: the files and the live state of one target, and the whole tree.

Pure: look-ups are computed once and cached on the scope. The pass creates one scope per target and
passes them to `reconciler.rules.judge`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, wraps
from types import MappingProxyType
from typing import TypeVar

from reconciler.facts.asking import Member, live_member, member_of
from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition, made_by
from reconciler.facts.git_target import is_git_target
from reconciler.facts.installed import InstalledAgent, InstalledRunner, installs_of
from reconciler.facts.manifest import OPERATOR_API, STORE_KIND, secret_stores
from reconciler.facts.mode import ModeChange, PrimaryStore, mode_change, primary_store
from reconciler.facts.reference_graph import ReferenceGraph
from reconciler.facts.template import Templates
from reconciler.model.agent import AgentDocument
from reconciler.model.cluster_state import ClusterState
from reconciler.model.declaration import Declarations, Declared
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.key import KeyDocument, PublicKey
from reconciler.model.kind import FACTS, Kind
from reconciler.model.operator import OperatorDocument
from reconciler.model.origin import Origin
from reconciler.model.place import Place
from reconciler.model.resource_definition import Criterion
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import UNSEEN, Beside, Surroundings
from reconciler.model.unseen import Side, Unseen
from reconciler.model.witness import shown_by
from reconciler.settings import Cluster, Mode, Settings, Target

T = TypeVar("T")
NO_CLUSTERS: Mapping[str, ClusterState] = MappingProxyType({})


def _fact_of_files(compute: "Callable[[Scope], T]") -> "cached_property[T]":
    """A cached property that follows from the files alone: computed once, before anything live is read."""

    @wraps(compute)
    def shared(scope: "Scope") -> T:
        if scope.of_files is scope:
            return compute(scope)
        found: T = getattr(scope.of_files, compute.__name__)
        return found

    return cached_property(shared)


@dataclass(frozen=True)
class Scope:
    """One target. `live` is None if nothing was read (`validate`).

    `declarations` are the documents of the target's files, `everything` those of the whole tree.
    """

    target: TargetName
    place: Place
    settings: Settings
    declarations: Declarations
    everything: Declarations
    live: State | None = None
    clusters: Mapping[str, ClusterState] = field(default_factory=dict)
    """What was read of clusters, by their names in the settings."""
    now: datetime | None = None
    """Time of the pass, with a time zone; None if nothing depends on it."""
    before: "Scope | None" = field(default=None, repr=False, compare=False)
    """The same target before anything live was read, if there was such a step: it shares facts about files."""

    @property
    def organization(self) -> str:
        """Id of the target's organization."""
        return self.place.name

    def key(self, kind: Kind, identifier: str) -> ResourceKey:
        """Key of a thing in this organization."""
        return ResourceKey(self.place, kind, identifier)

    @_fact_of_files
    def agents(self) -> tuple[Declared[AgentDocument], ...]:
        """Agents registered in this organization: those of the target's files, and those elsewhere that name it."""
        own = [agent for agent in self.declarations.agents if self._registers(agent, by_default=True)]
        seen = {agent.origin() for agent in own}
        own += [
            agent
            for agent in self.everything.agents
            if self._registers(agent, by_default=False) and agent.origin() not in seen
        ]
        return tuple(own)

    def _registers(self, agent: Declared[AgentDocument], *, by_default: bool) -> bool:
        organizations = agent.document.spec.organizations
        return by_default if organizations is None else self.organization in organizations

    @cached_property
    def agent_ids(self) -> frozenset[str]:
        """Ids of the declared agents of this organization."""
        return frozenset(agent.document.metadata.id for agent in self.agents)

    @_fact_of_files
    def templates(self) -> Templates:
        """Reader of the texts in definitions."""
        return Templates(self.everything.read_text)

    @_fact_of_files
    def definitions(self) -> tuple[DeclaredDefinition, ...]:
        """Definitions of this target, including those made by its Agent documents."""
        written = [
            DeclaredDefinition(
                declared.document.metadata.id, declared.document.entity, declared, self.templates
            )
            for declared in self.declarations.definitions
        ]
        made = (made_by(agent) for agent in self.agents)
        return (*written, *(definition for definition in made if definition is not None))

    @cached_property
    def definition_ids(self) -> frozenset[str]:
        """Ids of the declared definitions."""
        return frozenset(definition.id for definition in self.definitions)

    @_fact_of_files
    def with_secrets(self) -> tuple[DeclaredDefinition, ...]:
        """Declared definitions with anything under `secrets` or `secret_refs`."""
        return tuple(
            definition
            for definition in self.definitions
            if (inputs := definition.entity.driver_inputs) is not None
            and (inputs.secrets is not None or inputs.secret_refs is not None)
        )

    @_fact_of_files
    def with_templates(self) -> tuple[DeclaredDefinition, ...]:
        """Declared definitions with `templates`, the input of the Template driver."""
        return tuple(definition for definition in self.definitions if definition.template_members)

    @_fact_of_files
    def by_type(self) -> Mapping[str, Sequence[DeclaredDefinition]]:
        """Declared definitions by resource type, in the order of the files."""
        found: dict[str, list[DeclaredDefinition]] = defaultdict(list)
        for definition in self.definitions:
            found[definition.entity.type].append(definition)
        return found

    def of_type(self, resource_type: str) -> Sequence[DeclaredDefinition]:
        """Declared definitions of one resource type, in the order of the files."""
        return self.by_type.get(resource_type, ())

    @cached_property
    def git_targets(self) -> tuple[DeclaredDefinition, ...]:
        """Definitions whose mode is `gitops`."""
        return tuple(d for d in self.of_type(CLUSTER_TYPE) if self.mode(d) is Mode.GITOPS)

    def mode(self, definition: DeclaredDefinition) -> Mode | None:
        """Mode of deployments to a `k8s-cluster` definition (compatibility rules 2).

        None if it depends on something not known here: the primary secret store, or a cluster
        type that a template computes. GitOps does not depend on the store.
        """
        is_git = is_git_target(definition)
        if is_git:
            return Mode.GITOPS
        return None if is_git is None else self.primary.mode

    @cached_property
    def agent_installs(self) -> tuple[InstalledAgent, ...]:
        """Installations of the Agents of this organization."""
        return tuple(installed for agent in self.agents for installed in installs_of(agent))

    @cached_property
    def all_agent_installs(self) -> tuple[InstalledAgent, ...]:
        """Installations that any document of the tree declares: organizations can share clusters."""
        return tuple(installed for agent in self.everything.agents for installed in installs_of(agent))

    @cached_property
    def runner_installs(self) -> tuple[InstalledRunner, ...]:
        """Installations of the runners of this target."""
        return tuple(
            InstalledRunner(runner, runner.document.spec.install)
            for runner in self.declarations.runners
            if runner.document.spec.install is not None
        )

    @cached_property
    def operators(self) -> tuple[Declared[OperatorDocument], ...]:
        """Operators of this organization: those that name it, and those in its files that name none."""
        return tuple(
            operator
            for operator in self.declarations.operators
            if operator.document.spec.organization in (None, self.organization)
        )

    @cached_property
    def _operators_by_cluster(self) -> Mapping[str, tuple[Declared[OperatorDocument], ...]]:
        found: dict[str, list[Declared[OperatorDocument]]] = defaultdict(list)
        for operator in self.everything.operators:
            found[operator.document.spec.cluster].append(operator)
        return {cluster: tuple(operators) for cluster, operators in found.items()}

    def operators_on(self, cluster: str) -> tuple[Declared[OperatorDocument], ...]:
        """Operators that any document of the tree declares on a cluster."""
        return self._operators_by_cluster.get(cluster, ())

    @property
    def secret_stores(self) -> tuple[Declared[SecretStoreDocument], ...]:
        """Secret stores of this organization."""
        return self.declarations.secret_stores

    @cached_property
    def known_stores(self) -> frozenset[str]:
        """Stores that a reference can name: registered, declared, on a cluster, or in a manifest of the tree."""
        return frozenset(
            (
                *(store.document.metadata.id for store in self.secret_stores),
                *(name for name, _ in secret_stores(self.everything)),
                *(live.id for live in self.surroundings.stores or ()),
                *(
                    s.name
                    for state in self.clusters.values()
                    for s in state.of(OPERATOR_API, STORE_KIND) or ()
                ),
            )
        )

    @cached_property
    def _cluster_of(self) -> Mapping[str, str]:
        """Clusters by the definitions that the settings list; the first cluster that lists a definition counts."""
        found: dict[str, str] = {}
        for name, cluster in self.settings.clusters.items():
            for identifier in cluster.definitions or ():
                found.setdefault(identifier, name)
        return found

    def cluster_of(self, definition: DeclaredDefinition) -> str | None:
        """Name in the settings of the cluster that a `k8s-cluster` definition deploys to, None if not known."""
        listed = self._cluster_of.get(definition.id)
        if listed is not None:
            return listed
        return definition.id if definition.id in self.settings.clusters else None

    def cluster_facts(self, name: str | None) -> Cluster | None:
        """What the settings say about a cluster, None if they do not name it."""
        return None if name is None else self.settings.clusters.get(name)

    def cluster_state(self, name: str) -> ClusterState | None:
        """What was read of a cluster, None if it could not be reached."""
        return self.clusters.get(name)

    def unseen(self, cluster: str, kind: str) -> Unseen:
        """A cluster that was not read, or of which the objects of a kind were not read completely."""
        return Unseen(Side.CLUSTER, cluster, "" if self.cluster_state(cluster) is None else kind)

    @cached_property
    def of_files(self) -> "Scope":
        """The same target before anything live was read."""
        if self.live is None and not self.clusters:
            return self
        return self.before or replace(self, live=None, clusters={})

    def with_live(self, live: State | None, clusters: Mapping[str, ClusterState] = NO_CLUSTERS) -> "Scope":
        """The same target once something live was read, of the organization and of clusters."""
        return replace(self, live=live, clusters=clusters, before=self.of_files)

    @property
    def surroundings(self) -> Surroundings:
        """What the orchestrator contains apart from managed things; all members are None if nothing was read."""
        return UNSEEN if self.live is None else self.live.surroundings

    @cached_property
    def _shown(self) -> Mapping[Beside, frozenset[str]]:
        return shown_by(() if self.live is None else self.live.resources.values())

    def known_names(self, what: Beside) -> frozenset[str]:
        """Names of a collection that are known to exist: listed, or proved by something live."""
        return (self.surroundings.names(what) or frozenset()) | self._shown.get(what, frozenset())

    def public_key(self, document: Origin) -> PublicKey | None:
        """Parsed key of the `Key` or `Runner` document at a place; None if it could not be read or is elsewhere."""
        return self.declarations.public_keys.get(document) or self.everything.public_keys.get(document)

    def public_keys_of(self, key: Declared[KeyDocument]) -> tuple[PublicKey, ...]:
        """Every public key of a document; none if it could not be read."""
        return self.everything.public_keys_of(key) or self.declarations.public_keys_of(key)

    @cached_property
    def target_settings(self) -> Target | None:
        """Settings of this target; None if the scope was created without them."""
        return self.settings.targets.get(self.target)

    @cached_property
    def primary(self) -> PrimaryStore:
        """The primary secret store of the organization, and the source it is known from."""
        return primary_store(self.target, self.settings, self.secret_stores, self.surroundings)

    @property
    def primary_now(self) -> str | None:
        """Id of the primary store before the plan: the live one, or that of the settings if stores were not read."""
        if self.surroundings.stores is not None:
            return self.primary_store
        return None if self.target_settings is None else self.target_settings.primaryStore

    @cached_property
    def mode_change(self) -> ModeChange | None:
        """Change of mode that the plan makes by registering the declared stores."""
        return mode_change(self.primary_now, self.secret_stores)

    @property
    def primary_store(self) -> str | None:
        """Id of the primary secret store: the live one, else the declared, else that of the settings.

        None if it is not known. A declaration does not prove that a store is registered.
        """
        return self.primary.id

    def has_read(self, kind: Kind) -> bool:
        """True if the live list of the kind is complete, so that absence is evidence."""
        return self.live is not None and kind in self.live.complete

    def unread(self, what: Kind | Beside) -> Unseen:
        """Something live that was not read completely."""
        if isinstance(what, Kind):
            return Unseen(Side.LIVE, self.target, FACTS[what].plural)
        return Unseen(Side.LIVE, self.target, str(what), self.surroundings.failures.get(what, ""))

    def live_resource(self, kind: Kind, identifier: str) -> Resource | None:
        """Live thing of this organization, None if it does not exist or was not read."""
        return None if self.live is None else self.live.resources.get(self.key(kind, identifier))

    @cached_property
    def _live_of(self) -> Mapping[Kind, Sequence[Resource]]:
        """Live things of this organization by kind, sorted by id; other organizations do not concern the target."""
        found: dict[Kind, list[Resource]] = defaultdict(list)
        if self.live is not None:
            for key in sorted(self.live.resources, key=lambda key: key.id):
                if key.place == self.place:
                    found[key.kind].append(self.live.resources[key])
        return found

    def live_of(self, kind: Kind) -> Sequence[Resource]:
        """Live things of one kind in this organization, by id; empty if nothing was read."""
        return self._live_of.get(kind, ())

    def criteria(self, definition: DeclaredDefinition) -> tuple[Criterion, ...] | None:
        """Effective criteria: the declared ones, else the live ones; None if neither is known."""
        if definition.entity.criteria is not None:
            return definition.entity.criteria
        if not self.has_read(Kind.DEFINITION):
            return None
        live = self.live_resource(Kind.DEFINITION, definition.id)
        return () if live is None else live_criteria(live)

    @cached_property
    def references(self) -> ReferenceGraph:
        """What definitions ask of each other: declared ones, and those that are only live."""
        only_live = [
            live_member(resource, live_criteria(resource))
            for resource in self.live_of(Kind.DEFINITION)
            if resource.key.id not in self.definition_ids
        ]
        return ReferenceGraph([*self.declared_members, *only_live])

    @cached_property
    def declared_members(self) -> Sequence[Member]:
        """Declared definitions as members of `references`, in the order of `definitions`."""
        if self.of_files is self:
            return [member_of(definition, definition.entity.criteria) for definition in self.definitions]
        return [
            member if member.criteria is not None else member_of(definition, self.criteria(definition))
            for member, definition in zip(self.of_files.declared_members, self.definitions, strict=True)
        ]


def live_criteria(resource: Resource) -> tuple[Criterion, ...]:
    """Criteria of a live definition as values."""
    return tuple(
        Criterion(
            env_type=fields.get("env_type"),
            app_id=fields.get("app_id"),
            env_id=fields.get("env_id"),
            res_id=fields.get("res_id"),
            class_name=fields.get("class"),
        )
        for fields in (resource.criteria or {}).values()
    )
