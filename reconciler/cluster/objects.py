"""Objects of one cluster: read, applied by server-side apply, deleted.

Uses the dynamic API of the Kubernetes client, without its discovery: the table of kinds has every path, so that a look
costs one list for each kind, and no cache of the client is read from a shared temporary folder. Bodies are those of
the API, as parsed JSON. Importing the client takes several tenths of a second: import this module where it is needed.
"""

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3
from kubernetes.client.api_client import ApiClient
from kubernetes.dynamic.client import DynamicClient
from kubernetes.dynamic.resource import Resource

from reconciler.cluster.access import Access
from reconciler.cluster.connection import AbsentObjectError
from reconciler.cluster.failure import ExpiredListError
from reconciler.cluster.opening import opened
from reconciler.cluster.quote import quoted
from reconciler.cluster.request import Permit
from reconciler.cluster.resource import (
    ACCESS_REVIEWS,
    AGGREGATED,
    EVENTS,
    METADATA_ONLY,
    PODS,
    ApiResource,
    Discovery,
    kinds_of,
    listable,
    of_kind,
)
from reconciler.cluster.retry import Retry
from reconciler.cluster.transport import (
    MOST_TEXT_BYTES,
    PLAIN,
    Content,
    Limits,
    TooLargeAnswerError,
    Transport,
)
from reconciler.cluster.unreachable import NO_API_SERVER, PROXY, SERVER
from reconciler.errors import (
    ClusterAccessError,
    ClusterError,
    ClusterLostAnswerError,
    ClusterUnavailableError,
    FieldConflictError,
    StaleObjectError,
    UnknownKindError,
)
from reconciler.model.cluster_state import ServerFacts
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind, type_name
from reconciler.model.kubernetes_object import FIELD_MANAGER, kind_of, metadata_of

PAGE = 500
"""Objects of one page, as kubectl asks for. It is made smaller where a page exceeds the limit of an answer."""
MOST_LISTED_BYTES = 134_217_728
MOST_PAGES = 1_000
_LIMITS = Limits()
_NEVER_THE_REVISION = "1"
"""The first write to an etcd has revision 2, so that no object has this `resourceVersion`."""
_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9:._-]{1,253}", re.ASCII)
"""Names that can be a step of a path (API concepts, "Path segment names"): an empty one would address the list."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether the credentials may do something, and why as far as the server says."""

    is_granted: bool
    reason: str


class Propagation(StrEnum):
    """When a deleted object disappears (API concepts, "Cascading deletion")."""

    BACKGROUND = "Background"
    """At once; what depends on it follows."""
    FOREGROUND = "Foreground"
    """After what depends on it: a Deployment after its pods."""


class _NoDiscovery:
    """In place of the client's discoverers, which make requests and write files when they are created."""

    def __init__(self, client: object, cache_file: object) -> None:
        pass


class ClusterObjects:
    """Objects of one cluster; thread-safe. Certificates of its kubeconfig are in a private folder while it lives.

    Every operation raises ClusterError or one of its subclasses, and ReadOnlyError if the permit does not include it.
    Only requests that the server did not take are sent again.
    """

    def __init__(
        self,
        access: Access,
        environment: Mapping[str, str],
        *,
        permit: Permit = Permit.READ,
        limits: Limits = _LIMITS,
        retry: Retry | None = None,
        page: int = PAGE,
    ) -> None:
        """Read the credentials, without a request. Raises ClusterAccessError."""
        folder = Path(tempfile.mkdtemp(prefix="reconciler-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        configuration = opened(access, environment, folder)
        try:
            client = ApiClient(configuration)
            self._transport = Transport(configuration, permit, limits=limits, retry=retry or Retry())
        except (urllib3.exceptions.HTTPError, ValueError, OSError, ImportError):
            raise ClusterAccessError("the proxy of the cluster cannot be used", advice=PROXY) from None
        client.rest_client.close()
        client.rest_client = self._transport  # type: ignore[assignment]  # has what the client uses of it
        self._client: Any = DynamicClient(client, discoverer=_NoDiscovery)
        self._server = configuration.host
        self._permit = permit
        self._page = page

    def __repr__(self) -> str:
        return f"ClusterObjects({self._server}, {self._permit})"

    @property
    def server(self) -> str:
        """Address of the API server."""
        return self._server

    @property
    def is_read_only(self) -> bool:
        """True if nothing can be changed."""
        return self._permit is not Permit.CHANGE

    @property
    def requests(self) -> int:
        """Requests that were sent so far, attempts included."""
        return self._transport.requests

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def list(
        self, kind: Kind | ApiResource, namespace: str | None = None, label_selector: str = ""
    ) -> tuple[JsonObject, ...]:
        """Objects of one kind, in the order of the server. Without a namespace, those of all namespaces.

        Raises UnknownKindError if the server does not have the kind.
        """
        return self._listed(kind, namespace, label_selector=label_selector or None)

    def metadata(self, kind: Kind | ApiResource, namespace: str) -> tuple[JsonObject, ...]:
        """Objects of one kind and namespace without their content, which for Secrets is nobody's business."""
        return self._listed(kind, namespace, header_params={"Accept": f"{METADATA_ONLY}, application/json"})

    def get(self, kind: Kind | ApiResource, namespace: str, name: str) -> JsonObject | None:
        """One object, None if it does not exist. `namespace` is "" for kinds without one."""
        resource = self._resource(kind)
        try:
            found = self._ask(resource.get, name=_step(name), namespace=_optional(namespace)).body
        except AbsentObjectError:
            return None
        if found.get("kind") != resource.kind:
            raise ClusterError(NO_API_SERVER, advice=SERVER)
        return found

    def apply(
        self, body: JsonObject, *, force: bool = False, dry_run: bool = False, is_new: bool = False
    ) -> JsonObject:
        """Apply the fields of an object and return the whole object.

        Fields that only we owned and that are not in `body` are removed. With `force`, fields of other managers become
        ours. With `dry_run` the server only says what would become of it. With `is_new`, an object that exists in the
        meantime is left alone. Raises InvalidObjectError also for fields that the server does not know,
        FieldConflictError, StaleObjectError if `is_new` and it exists, and ValueError for a kind without a row in the
        table.
        """
        kind = kind_of(body)
        if kind is None:
            raise ValueError(f"unknown kind {body.get('apiVersion')} {body.get('kind')}")
        metadata = metadata_of(body)
        if is_new:
            # Server-side apply has no precondition for absence. But the server compares the version only with that
            # of an object that exists, and creates one that does not (k8s.io/apiserver, registry Store.Update).
            metadata = {**metadata, "resourceVersion": _NEVER_THE_REVISION}
        try:
            found = self._ask(
                self._resource(kind).server_side_apply,
                body={**body, "metadata": metadata},
                name=_step(str(metadata.get("name", ""))),
                namespace=_optional(str(metadata.get("namespace", ""))),
                field_manager=FIELD_MANAGER,
                force_conflicts=force,
                dry_run="All" if dry_run else None,
                query_params=[("fieldValidation", "Strict")],
            ).body
        except (FieldConflictError, StaleObjectError):
            if is_new:
                raise StaleObjectError(
                    f"{kind} {metadata.get('name')} exists, although it was to be new"
                ) from None
            raise
        if found.get("kind") != type_name(kind):
            raise ClusterLostAnswerError(f"{kind} {metadata.get('name')} was sent, but {NO_API_SERVER}")
        return found

    def merge(self, kind: Kind | ApiResource, namespace: str, name: str, patch: JsonObject) -> None:
        """Merge a patch into an object (RFC 7396). With a version, the server refuses it for any other one.

        Raises StaleObjectError then.
        """
        self._ask(
            self._resource(kind).patch,
            body=patch,
            name=_step(name),
            namespace=_optional(namespace),
            content_type="application/merge-patch+json",
            field_manager=FIELD_MANAGER,
        )

    def create(self, kind: ApiResource, namespace: str, body: JsonObject) -> JsonObject:
        """Create an object, whose name the server may make up, and return it. Raises ClusterError."""
        return self._ask(self._resource(kind).create, body=body, namespace=_step(namespace)).body

    def delete(
        self,
        kind: Kind | ApiResource,
        namespace: str,
        name: str,
        *,
        uid: str,
        resource_version: str = "",
        propagation: Propagation = Propagation.BACKGROUND,
    ) -> bool:
        """Delete exactly this object. False if it does not exist any more.

        True means that the deletion has begun: finalizers can keep the object for any time. Raises StaleObjectError
        if another object has the name now, or if it is not in the given version any more.
        """
        preconditions = {"uid": uid, **({"resourceVersion": resource_version} if resource_version else {})}
        try:
            self._ask(
                self._resource(kind).delete,
                name=_step(name),
                namespace=_optional(namespace),
                body={
                    "apiVersion": "v1",
                    "kind": "DeleteOptions",
                    "preconditions": preconditions,
                    "propagationPolicy": str(propagation),
                },
            )
        except AbsentObjectError:
            return False
        return True

    def pods(self, namespace: str, label_selector: str) -> tuple[JsonObject, ...]:
        """Pods with these labels."""
        return self._listed(PODS, namespace, label_selector=label_selector)

    def events(self, namespace: str, name: str) -> tuple[JsonObject, ...]:
        """Events about objects with this name, of any kind."""
        return self._listed(EVENTS, namespace, field_selector=f"involvedObject.name={_step(name)}")

    def log(
        self, namespace: str, pod: str, container: str, *, tail_lines: int, previous: bool = False
    ) -> tuple[str, ...]:
        """The last lines of a container's log, at most 256 KiB.

        The server cuts a longer text at its end, where the newest lines are: then fewer lines are asked for.
        With `previous`, that of the container's last run. Raises ClusterError if there is none (yet).
        """
        path = f"/api/v1/namespaces/{_step(namespace)}/pods/{_step(pod)}/log"
        while True:
            query = [("container", container), ("tailLines", tail_lines), ("limitBytes", MOST_TEXT_BYTES)]
            if previous:
                query.append(("previous", "true"))
            found = self._ask(
                self._client.request, "get", path, query_params=query, header_params={"Accept": PLAIN}
            )
            if found.bytes < MOST_TEXT_BYTES or tail_lines <= 1:
                return tuple(found.text.splitlines())
            tail_lines = max(1, tail_lines // 10)

    def may(
        self, verb: str, api_group: str, resource: str, namespace: str = "", name: str = ""
    ) -> Permission:
        """Whether the credentials may do something.

        `resource` can have a subresource, as in `pods/log`. Without a namespace: in all of them, and in the cluster.
        """
        main, _, subresource = resource.partition("/")
        attributes = {
            "verb": verb,
            "group": api_group,
            "resource": main,
            "subresource": subresource,
            "namespace": namespace,
            "name": name,
        }
        review: JsonObject = {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": ACCESS_REVIEWS.kind,
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }
        status = self._ask(self._resource(ACCESS_REVIEWS).create, body=review).body.get("status")
        if not isinstance(status, dict) or not isinstance(status.get("allowed"), bool):
            raise ClusterError("the API server does not answer whether something is permitted")
        return Permission(status["allowed"] is True, str(status.get("reason") or ""))

    def server_version(self) -> str:
        """Version of the API server, such as `v1.34.2`."""
        return str(self._ask(self._client.request, "get", "/version").body.get("gitVersion", ""))

    def server_facts(self) -> ServerFacts:
        """Version and clock of the API server, in one request."""
        found = self._ask(self._client.request, "get", "/version")
        return ServerFacts(quoted(found.body.get("gitVersion"), ()), _time_of(found.date))

    def has_kind(self, api_version: str, kind: str) -> bool:
        """True if the server has a kind in this version."""
        steps = ["apis" if "/" in api_version else "api", *api_version.split("/")]
        try:
            return kind in kinds_of(self._ask(self._client.request, "get", "/".join(map(_step, steps))).body)
        except UnknownKindError:
            return False

    def namespaced_kinds(self) -> Discovery:
        """Everything that a namespace can contain, in two requests. Needs Kubernetes 1.30."""
        found = [self._discovered(path) for path in ("/api", "/apis")]
        return Discovery(
            tuple(kind for part in found for kind in part.kinds),
            tuple(group for part in found for group in part.unread),
        )

    def _discovered(self, path: str) -> Discovery:
        headers = {"Accept": f"{AGGREGATED}, application/json"}
        document = self._ask(self._client.request, "get", path, header_params=headers).body
        if document.get("kind") != "APIGroupDiscoveryList":
            raise ClusterError("the API server is older than Kubernetes 1.30 and cannot list its kinds")
        return listable(document)

    def _resource(self, kind: Kind | ApiResource) -> Any:
        found = of_kind(kind) if isinstance(kind, Kind) else kind
        return Resource(
            prefix=found.prefix,
            group=found.group,
            api_version=found.version,
            kind=found.kind,
            namespaced=found.is_namespaced,
            name=found.resource,
            client=self._client,
        )

    def _listed(
        self, kind: Kind | ApiResource, namespace: str | None, **query: Any
    ) -> tuple[JsonObject, ...]:
        resource = self._resource(kind)
        within = None if namespace is None else _step(namespace)
        for _ in range(2):
            try:
                return tuple(self._pages(resource, namespace=within, **query))
            except ExpiredListError:
                continue  # from the start, once: what was read so far belongs to a state that is gone
        raise ClusterUnavailableError(f"the list of {resource.name} expires while it is read")

    def _pages(self, resource: Any, **query: Any) -> Iterator[JsonObject]:
        limit, total = self._page, 0
        token: Json = None
        for _ in range(MOST_PAGES):
            try:
                found = self._ask(resource.get, limit=limit, _continue=token, **query)
            except TooLargeAnswerError:
                if limit == 1:
                    raise
                limit = max(1, limit // 10)
                continue
            total += found.bytes
            if total > MOST_LISTED_BYTES:
                raise ClusterError(f"the list of {resource.name} is larger than {MOST_LISTED_BYTES} bytes")
            for item in _items(found.body):
                # Items of a list do not repeat their type.
                yield {**item, "apiVersion": resource.group_version, "kind": resource.kind}
            token = metadata_of(found.body).get("continue")
            if not token:
                return
        raise ClusterError(f"the list of {resource.name} does not end")

    @staticmethod
    def _ask(call: Callable[..., Any], *arguments: Any, **named: Any) -> Content:
        found = call(*arguments, serialize=False, **named)
        assert isinstance(found, Content)
        return found


def _time_of(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _items(page: JsonObject) -> Iterator[JsonObject]:
    items = page.get("items")
    if not str(page.get("kind")).endswith("List") or not isinstance(items, list | None):
        raise ClusterError(NO_API_SERVER, advice=SERVER)
    for item in items or ():
        if isinstance(item, dict):
            yield item


def _step(name: str) -> str:
    """A name as a step of a path. Raises ClusterError for one that would change the path."""
    if not _NAME.fullmatch(name):
        raise ClusterError(f"{name[:64]!r} is not a name of an object on a cluster")
    return quote(name, safe="")


def _optional(namespace: str) -> str | None:
    return _step(namespace) if namespace else None
