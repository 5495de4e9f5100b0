"""Kinds as the API server names them, and the discovery of those that it has."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import FACTS, Kind, type_name

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""Everything that a server has in two answers (API concepts, "Aggregated discovery"; stable since 1.30)."""
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""A list without the content of its objects, such as the values of Secrets."""


@dataclass(frozen=True, slots=True)
class ApiResource:
    """One kind. `api_version` is `v1` or `GROUP/VERSION`, `resource` the name in paths."""

    api_version: str
    kind: str
    resource: str
    is_namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, "" for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version in its group."""
        return self.api_version.rpartition("/")[2]

    @property
    def prefix(self) -> str:
        """First step of its paths."""
        return "apis" if self.group else "api"


PODS = ApiResource("v1", "Pod", "pods")
EVENTS = ApiResource("v1", "Event", "events")
ACCESS_REVIEWS = ApiResource(
    "authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", is_namespaced=False
)


@dataclass(frozen=True, slots=True)
class Discovery:
    """Kinds with their preferred version. `unread` are the groups that the server could not describe."""

    kinds: tuple[ApiResource, ...]
    unread: tuple[str, ...]


def of_kind(kind: Kind) -> ApiResource:
    """A kind of the table, which needs no discovery."""
    facts = FACTS[kind]
    return ApiResource(facts.api_version, type_name(kind), facts.resource, facts.is_namespaced)


def listable(document: JsonObject) -> Discovery:
    """Namespaced kinds that can be listed, from one aggregated answer. The first version of a group is preferred."""
    kinds: list[ApiResource] = []
    unread: list[str] = []
    for item in _objects(document.get("items")):
        metadata = item.get("metadata")
        group = _text(metadata.get("name")) if isinstance(metadata, dict) else ""
        seen: set[str] = set()
        for version in _objects(item.get("versions")):
            name = _text(version.get("version"))
            if version.get("freshness") == "Stale":
                unread.append(f"{group}/{name}".lstrip("/"))
            for resource in _listable_of_version(f"{group}/{name}".lstrip("/"), version):
                if resource.resource not in seen:
                    seen.add(resource.resource)
                    kinds.append(resource)
    return Discovery(tuple(kinds), tuple(unread))


def _listable_of_version(api_version: str, version: JsonObject) -> Iterator[ApiResource]:
    for found in _objects(version.get("resources")):
        response_kind, verbs = found.get("responseKind"), found.get("verbs")
        kind = _text(response_kind.get("kind")) if isinstance(response_kind, dict) else ""
        name = _text(found.get("resource"))
        can_list = isinstance(verbs, list) and "list" in verbs
        if found.get("scope") == "Namespaced" and can_list and kind and name:
            yield ApiResource(api_version, kind, name)


def kinds_of(document: JsonObject) -> frozenset[str]:
    """Kinds of one group version, from its `APIResourceList`."""
    return frozenset(
        _text(found.get("kind"))
        for found in _objects(document.get("resources"))
        if "/" not in _text(found.get("name"))
    )


def _objects(found: Json) -> Iterator[JsonObject]:
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict):
            yield item


def _text(found: Json) -> str:
    return found if isinstance(found, str) else ""
