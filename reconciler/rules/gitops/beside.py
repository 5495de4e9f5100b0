"""Git targets with their surroundings: runtime clusters, namespaces, and the tools that apply what they write."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reconciler.facts.asking import Member
from reconciler.facts.candidate import candidates
from reconciler.facts.context import Applications
from reconciler.facts.definition import CLUSTER_TYPE, NAMESPACE_TYPE, RUNTIME_ID, DeclaredDefinition
from reconciler.facts.gitops_tool import Sync, syncs
from reconciler.facts.scope import Scope
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.rules.over import GIT_TARGETS, Over
from reconciler.rules.subject import Subject


class Around:
    """Surroundings of the Git targets of one target, computed on first use."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._runtimes: dict[str | None, Applications[Member]] = {}
        self._reported: set[str] = set()

    def runtimes(self, class_name: str | None) -> Applications[Member]:
        """Criteria of runtime clusters of a class."""
        found = self._runtimes.get(class_name)
        if found is None:
            applied = (a for a in candidates(self._scope, CLUSTER_TYPE) if a.criterion.res_id == RUNTIME_ID)
            found = Applications.of(applied, class_name=class_name, res_id=RUNTIME_ID)
            self._runtimes[class_name] = found
        return found

    @cached_property
    def namespaces(self) -> Applications[Member]:
        """Criteria of the namespaces of deployments."""
        applied = candidates(self._scope, NAMESPACE_TYPE)
        return Applications.of(applied, class_name=DEFAULT_CLASS, res_id=NAMESPACE_TYPE)

    def is_first(self, namespace: Member) -> bool:
        """True on the first call for a namespace: several Git targets may share one."""
        is_new = namespace.id not in self._reported
        self._reported.add(namespace.id)
        return is_new

    @cached_property
    def tools(self) -> tuple[Sync, ...]:
        """What the GitOps tools declared in the tree apply."""
        return tuple(syncs(self._scope.everything.foreign))


@dataclass(frozen=True, slots=True)
class GitTargetBeside:
    """One Git target and its surroundings."""

    definition: DeclaredDefinition
    around: Around


def _beside(scope: Scope) -> Iterator[Subject[GitTargetBeside]]:
    around = Around(scope)
    for one in GIT_TARGETS.subjects(scope):
        yield Subject(GitTargetBeside(one.fact, around), scope, one.name, one.where, one.key)


GIT_TARGETS_BESIDE = Over("Git target", _beside)
