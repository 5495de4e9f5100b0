"""One request to an API server: what it concerns, what it may do, and whether it may be sent."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from reconciler.errors import ReadOnlyError
from reconciler.model.kubernetes_object import PROBE_LABEL, PROBE_PREFIX

ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
"""A POST there asks what one may do, and changes nothing."""
_VERBS = {"GET": "read", "PATCH": "apply", "DELETE": "delete", "POST": "create", "PUT": "replace"}
_AFTER_THE_NAME = 2


class Permit(StrEnum):
    """What may be sent to a cluster."""

    READ = "read"
    DRY_RUN = "dry run"
    """Also changes that the server only tries. They need the rights of real ones, and webhooks see them."""
    PROBE = "probe"
    """Also to create and delete the pods of `doctor --probe`, which their names and a label show."""
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Request:
    """Method, address and body, as they are handed to the network. As a string, its name in messages."""

    method: str
    url: str
    body: object = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{_VERBS.get(self.method, self.method)} {self.subject}"

    @property
    def path(self) -> str:
        """The path, still percent-encoded."""
        return urlsplit(self.url).path

    @property
    def steps(self) -> tuple[str, ...]:
        """Resource, or `namespaces` and the namespace before it, name and subresource, as far as there are any."""
        _, _, below = self.path.partition("/apis/")
        parts = below.split("/")[2:] if below else self.path.partition("/api/v1/")[2].split("/")
        return tuple(unquote(part) for part in parts if part)

    @property
    def namespace(self) -> str:
        """The namespace of the object, "" if it has none."""
        steps = self.steps
        return steps[1] if steps[:1] == ("namespaces",) and len(steps) > _AFTER_THE_NAME else ""

    @property
    def subject(self) -> str:
        """What it concerns: `deployments prod/agent`, or the path."""
        steps = self.steps
        if not steps:
            return self.path
        resource, *rest = steps[_AFTER_THE_NAME:] if self.namespace else steps
        place = "/".join([self.namespace, *rest] if self.namespace else rest)
        return f"{resource} {place}".rstrip()

    @property
    def changes(self) -> bool:
        """True if the server does something."""
        return not (self.method == "GET" or self._is_review or self.is_dry_run)

    @property
    def is_dry_run(self) -> bool:
        """True for an apply that the server only tries."""
        return self.method == "PATCH" and parse_qs(urlsplit(self.url).query).get("dryRun") == ["All"]

    @property
    def is_of_probe(self) -> bool:
        """True for the creation and the deletion of a pod of `doctor --probe`."""
        steps = self.steps
        if "/apis/" in self.path or not self.namespace:
            return False
        if self.method == "POST":
            return steps[_AFTER_THE_NAME:] == ("pods",) and _is_pod_of_probe(self.body)
        return (
            self.method == "DELETE"
            and steps[_AFTER_THE_NAME:-1] == ("pods",)
            and steps[-1].startswith(PROBE_PREFIX)
        )

    @property
    def _is_review(self) -> bool:
        return self.method == "POST" and self.path.endswith(ACCESS_REVIEWS)


def _is_pod_of_probe(body: object) -> bool:
    metadata = body.get("metadata") if isinstance(body, dict) and body.get("kind") == "Pod" else None
    if not isinstance(metadata, dict) or "name" in metadata:
        return False
    return metadata.get("generateName") == PROBE_PREFIX and PROBE_LABEL in (metadata.get("labels") or {})


def check(request: Request, permit: Permit) -> None:
    """Raises ReadOnlyError for what is not permitted."""
    if permit is Permit.CHANGE or not (request.changes or request.is_dry_run):
        return
    if permit is Permit.DRY_RUN and request.is_dry_run:
        return
    if permit is Permit.PROBE and request.is_of_probe:
        return
    raise ReadOnlyError(
        f"{request.method} {request.path}: refused, this client of a cluster is for a {permit}; nothing was sent"
    )
