"""Rights on a cluster that reading and applying installations needs, derived from their footprints.

What granting rights to others needs beyond these (`escalate`, `bind`) depends on what the account itself may do,
which only the API server knows.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reconciler.footprint.value import Footprint
from reconciler.model.cluster_state import ObservedKind
from reconciler.model.kind import CLUSTER_KINDS, FACTS, Kind
from reconciler.model.kubernetes_object import kind_of, metadata_of

_CREATE, _DELETE = "create", "delete"
_WRITE = (_CREATE, "patch", _DELETE)
"""Server-side apply is a patch, and also a create where the object does not exist."""


class Right(NamedTuple):
    """One verb on one resource. `resource` can have a subresource; without a namespace it is for the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """As messages of the API server name it: `get secrets in namespace prod`.

        >>> str(Right("list", "apps", "deployments")), str(Right("get", "", "secrets", "prod", "key"))
        ('list deployments.apps', 'get secrets/key in namespace prod')
        """
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f"{what}/{self.name}" if self.name else what
        return f"{self.verb} {named}" + (f" in namespace {self.namespace}" if self.namespace else "")


def rights_to_plan(footprints: Iterable[Footprint]) -> tuple[Right, ...]:
    """What a plan cannot do without: a list for each declared kind, each declared object, its Secrets. Sorted."""
    footprints = tuple(footprints)
    found = {
        Right("list", group_of(FACTS[kind].api_version), FACTS[kind].resource)
        for _, kind, _ in _declared(footprints)
    }
    found |= {
        Right("get", group_of(FACTS[kind].api_version), FACTS[kind].resource, namespace, name)
        for namespace, kind, name in _declared(footprints)
    }
    for one in footprints:
        found |= {Right("get", "", "secrets", entry.namespace, entry.name) for entry in one.needed}
    return tuple(sorted(found))


def rights_to_see_more(
    footprints: Iterable[Footprint], observed: Iterable[ObservedKind]
) -> tuple[Right, ...]:
    """Lists that a plan does without: of what files no longer declare, and of what rules read. Sorted.

    Kinds of other products are looked for only where one of them is declared.
    """
    owned = (FACTS[kind] for kind in CLUSTER_KINDS if not _is_of_another_product(kind))
    found = {Right("list", group_of(facts.api_version), facts.resource) for facts in owned}
    found |= {Right("list", group_of(kind.api_version), kind.resource) for kind in observed}
    return tuple(sorted(found - set(rights_to_plan(footprints))))


def rights_to_apply(footprints: Iterable[Footprint]) -> tuple[Right, ...]:
    """What an apply needs beyond a plan: to write every declared object, and to watch over its pods. Sorted.

    Whoever may not delete a namespace leaves it, empty, when it is no longer declared.
    """
    footprints = tuple(footprints)
    found = {
        Right(
            verb,
            group_of(FACTS[kind].api_version),
            FACTS[kind].resource,
            namespace,
            # Nothing can be permitted to create objects of one name only.
            "" if verb == _CREATE else name,
        )
        for namespace, kind, name in _declared(footprints)
        for verb in _WRITE
        if (kind, verb) != (Kind.NAMESPACE, _DELETE)
    }
    return tuple(sorted(found | set(rights_to_examine(footprints))))


def rights_to_make_keys(secrets: Iterable[tuple[str, str]]) -> tuple[Right, ...]:
    """What keys that are made in Secrets need, each given by namespace and name. Sorted."""
    found = [
        right
        for namespace, name in secrets
        for right in (
            Right("get", "", "secrets", namespace, name),
            Right(_CREATE, "", "secrets", namespace),
            Right("patch", "", "secrets", namespace, name),
        )
    ]
    return tuple(sorted(set(found)))


def rights_to_examine(footprints: Iterable[Footprint]) -> tuple[Right, ...]:
    """What reading the pods of workloads and their logs needs. Sorted."""
    spaces = {one.workload.namespace for one in footprints if one.workload is not None}
    return tuple(
        sorted(
            right
            for namespace in spaces
            for right in (Right("list", "", "pods", namespace), Right("get", "", "pods/log", namespace))
        )
    )


def group_of(api_version: str) -> str:
    """The API group, "" for the core.

    >>> group_of("apps/v1"), group_of("v1")
    ('apps', '')
    """
    return api_version.rpartition("/")[0]


def _is_of_another_product(kind: Kind) -> bool:
    group = group_of(FACTS[kind].api_version)
    return "." in group and not group.endswith(".k8s.io")


def _declared(footprints: Iterable[Footprint]) -> Iterator[tuple[str, Kind, str]]:
    """Namespace, "" for kinds without one, kind and name of every declared object."""
    for body in (body for one in footprints for body in one.applied):
        kind = kind_of(body)
        if kind is not None:
            metadata = metadata_of(body)
            yield str(metadata.get("namespace", "")), kind, str(metadata.get("name", ""))
