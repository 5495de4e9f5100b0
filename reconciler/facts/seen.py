"""Facts that must have been read: each raises `UnseenError` if it was not, so that checks need no special case.

Facts that a check can do without are read from the `Scope` itself, which returns None or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from reconciler.model.cluster_state import ClusterObject, ClusterState, SecretObject
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import Criterion
from reconciler.model.state import Resource
from reconciler.model.surroundings import Beside, Driver, LiveStore, OperatorKey
from reconciler.model.unseen import UnseenError, never_read, unspecified
from reconciler.settings import Mode

if TYPE_CHECKING:
    from reconciler.facts.definition import DeclaredDefinition
    from reconciler.facts.scope import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of one target and of the clusters. Every member raises `UnseenError` if it was not."""

    scope: "Scope"

    def live(self, kind: Kind) -> Sequence[Resource]:
        """All live things of a kind in the organization, by id."""
        if not self.scope.has_read(kind):
            raise UnseenError(self.scope.unread(kind))
        return self.scope.live_of(kind)

    def live_resource(self, kind: Kind, identifier: str) -> Resource | None:
        """One live thing; None if it does not exist."""
        found = self.scope.live_resource(kind, identifier)
        if found is None:
            self.live(kind)
        return found

    def criteria(self, definition: "DeclaredDefinition") -> tuple[Criterion, ...]:
        """Effective criteria: the declared ones, else the live ones."""
        found = self.scope.criteria(definition)
        if found is None:
            raise UnseenError(self.scope.unread(Kind.DEFINITION))
        return found

    @property
    def stores(self) -> tuple[LiveStore, ...]:
        """Registered secret stores."""
        return self._beside(self.scope.surroundings.stores, Beside.STORES)

    @property
    def operator_keys(self) -> tuple[OperatorKey, ...]:
        """Registered keys of Operators."""
        return self._beside(self.scope.surroundings.operator_keys, Beside.OPERATOR_KEYS)

    @property
    def accounts(self) -> Mapping[str, str]:
        """Types of cloud accounts by id."""
        return self._beside(self.scope.surroundings.accounts, Beside.ACCOUNTS)

    @property
    def drivers(self) -> Mapping[str, Driver]:
        """Drivers by `<organization>/<id>`."""
        return self._beside(self.scope.surroundings.drivers, Beside.DRIVERS)

    def _beside(self, found: T | None, what: Beside) -> T:
        if found is None:
            raise UnseenError(self.scope.unread(what))
        return found

    @property
    def primary_store(self) -> str:
        """Id of the primary secret store once the declared stores are registered."""
        if self.scope.mode_change is not None:
            return self.scope.mode_change.store
        primary = self.scope.primary
        if primary.id is None:
            raise UnseenError(unspecified(primary.why))
        return primary.id

    def mode(self, definition: "DeclaredDefinition") -> Mode:
        """Mode of deployments to a `k8s-cluster` definition."""
        found = self.scope.mode(definition)
        if found is not None:
            return found
        if self.scope.primary.id is None:
            raise UnseenError(unspecified(self.scope.primary.why))
        raise UnseenError(never_read(f"whether `{definition.id}` deploys to Git is known at deployment only"))

    def cluster(self, name: str | None) -> ClusterState:
        """State of a cluster; a name of None means that none is declared."""
        if name is None:
            raise UnseenError(unspecified("its cluster is not declared"))
        state = self.scope.cluster_state(name)
        if state is None:
            raise UnseenError(self.scope.unseen(name, ""))
        return state

    def objects(self, cluster: str | None, api_version: str, kind: str) -> tuple[ClusterObject, ...]:
        """All objects of one kind on a cluster."""
        found = self.cluster(cluster).of(api_version, kind)
        if found is None:
            raise UnseenError(self.scope.unseen(str(cluster), kind))
        return found

    def secrets(self, cluster: str | None) -> tuple[SecretObject, ...]:
        """All Secrets of a cluster."""
        state = self.cluster(cluster)
        if not state.has_read_secrets:
            raise UnseenError(self.scope.unseen(str(cluster), "Secret"))
        return state.secrets

    def secret(self, cluster: str | None, namespace: str, name: str) -> SecretObject | None:
        """A Secret on a cluster; None if it does not exist."""
        state = self.cluster(cluster)
        found = state.secret(namespace, name)
        if not state.has_read_secret(namespace, name):
            raise UnseenError(self.scope.unseen(str(cluster), "Secret"))
        return found

    def platform(self, cluster: str | None) -> str:
        """Platform of a cluster according to the settings, such as `aks`."""
        facts = self.scope.cluster_facts(cluster)
        if cluster is None:
            raise UnseenError(unspecified("its cluster is not declared"))
        if facts is None or facts.platform is None:
            raise UnseenError(unspecified(f"the settings do not set `clusters.{cluster}.platform`"))
        return facts.platform
