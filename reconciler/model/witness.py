"""Names that live objects prove to exist, so that no list has to be requested for them.

The orchestrator creates a definition only for a type and a driver that exist, and a runner rule only for
a project and an environment type that exist. Criteria prove nothing: their names are never checked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.model.kind import Kind
from reconciler.model.state import Resource
from reconciler.model.surroundings import Beside

ANY = "*"
"""Represents an unset part in the id of a runner rule."""
WITNESSES: Mapping[Beside, Kind] = {
    Beside.RESOURCE_TYPES: Kind.DEFINITION,
    Beside.DRIVERS: Kind.DEFINITION,
    Beside.PROJECTS: Kind.RUNNER_RULE,
    Beside.RUNNER_ENVIRONMENT_TYPES: Kind.RUNNER_RULE,
}
"""Collections, each with the kind whose live objects prove its names."""


def shown_by(live: Iterable[Resource]) -> Mapping[Beside, frozenset[str]]:
    """Names that live objects prove to exist, by collection."""
    found: dict[Beside, set[str]] = defaultdict(set)
    for resource in live:
        if resource.key.kind is Kind.DEFINITION:
            found[Beside.RESOURCE_TYPES].add(str(resource.document.get("type", "")))
            found[Beside.DRIVERS].add(str(resource.document.get("driver_type", "")))
        elif resource.key.kind is Kind.RUNNER_RULE:
            project, _, environment_type = resource.key.id.partition("/")
            found[Beside.PROJECTS].add(project)
            found[Beside.RUNNER_ENVIRONMENT_TYPES].add(environment_type)
    return {beside: frozenset(names - {ANY}) for beside, names in found.items()}
