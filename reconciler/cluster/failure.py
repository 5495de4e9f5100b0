"""Refusals of an API server as errors.

The server answers with a `Status` (API reference): its `details.causes` say what happened where it has a name for it.
The texts that are matched here are those of Kubernetes 1.34; tests produce every one of them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.cluster.connection import AbsentObjectError
from reconciler.cluster.quote import quoted
from reconciler.cluster.request import Request
from reconciler.cluster.unreachable import SERVER
from reconciler.errors import (
    AbsentNamespaceError,
    ClusterAccessError,
    ClusterError,
    ClusterForbiddenError,
    ClusterLostAnswerError,
    ClusterUnavailableError,
    DeniedError,
    FieldConflictError,
    InvalidObjectError,
    NamespaceTerminatingError,
    StaleObjectError,
    UnknownKindError,
    WebhookError,
)
from reconciler.model.json import Json, JsonObject
from reconciler.model.secret import Secret

MOST_CAUSES = 20
_MISSING_VERB = re.compile(
    r'User "[^"]*" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_MISSING_PATH = re.compile(r'User "[^"]*" cannot (?P<verb>\S+) path "(?P<path>[^"]*)"')
_MORE_THAN_ONE_HAS = "attempting to grant RBAC permissions not currently held"
"""RBAC, "Privilege escalation prevention and bootstrapping"."""
_DENIED = re.compile(
    r"admission webhook \"[^\"]*\" denied the request|ValidatingAdmissionPolicy '[^']*' .*denied request"
)
_WEBHOOK_FAILED = "failed calling webhook"
_NOT_OF_THE_TYPE = re.compile("failed to create typed patch object|failed to convert new object")
"""Said with status 500, although the content is wrong (seen with 1.34: unknown fields, repeated keys, quantities)."""
_MANAGER = re.compile(r'conflict with "(?P<manager>[^"]*)"')
_BUILT_IN = frozenset(
    (
        "v1",
        "apps/v1",
        "authorization.k8s.io/v1",
        "autoscaling/v2",
        "networking.k8s.io/v1",
        "rbac.authorization.k8s.io/v1",
    )
)
"""Group versions that every API server has: one that does not know them is no API server, or is in trouble."""
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)


class ExpiredListError(ClusterError):
    """410: the pages of a list are no longer there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status of 300 or more. `hidden` is not shown, in whatever form the server repeats it."""

    request: Request
    status: int
    body: JsonObject
    retry_after: str | None
    hidden: tuple[Secret, ...]

    @property
    def message(self) -> str:
        """What the server says, for matching only."""
        message = self.body.get("message")
        return message if isinstance(message, str) else ""

    @property
    def words(self) -> str:
        """What the server says, as it can be shown."""
        return quoted(self.message, self.hidden) or f"the API server answers {self.status}"

    @property
    def text(self) -> str:
        """The request and what the server says."""
        return f"{self.request}: {self.words}"

    @property
    def details(self) -> JsonObject:
        """`details` of the status."""
        details = self.body.get("details")
        return details if isinstance(details, dict) else {}

    @property
    def causes(self) -> Sequence[JsonObject]:
        """The first causes of the status."""
        causes = self.details.get("causes")
        found = causes[:MOST_CAUSES] if isinstance(causes, list) else []
        return [cause for cause in found if isinstance(cause, dict)]

    def has_cause(self, reason: str) -> bool:
        """True if one of the causes has this reason."""
        return any(cause.get("reason") == reason for cause in self.causes)

    def shown(self, value: Json) -> str:
        """A value of the status, as it can be shown."""
        return quoted(value, self.hidden)


def failure(refusal: Refusal) -> ClusterError:
    """The error for an answer that is none of success."""
    status = refusal.status
    if (chosen := _of_message(refusal)) is not None:
        return chosen
    if status == 401:
        return ClusterAccessError(
            "the API server does not accept the credentials (401)",
            advice="renew those of the kubeconfig's user",
        )
    if 300 <= status < 400:
        words = f"the API server redirects ({status}), which is not followed"
        if refusal.request.changes:  # what answers may have passed the request on before
            return ClusterLostAnswerError(f"{refusal.request}: sent, but {words}", advice=SERVER)
        return ClusterAccessError(words, advice=SERVER)
    return _of_status(refusal)


def _of_message(refusal: Refusal) -> ClusterError | None:
    """Where the text says more than the status: webhooks and policies choose theirs themselves."""
    if refusal.has_cause("NamespaceTerminating"):
        return NamespaceTerminatingError(
            refusal.text, advice="wait until the namespace is gone, or find out what keeps it"
        )
    if _DENIED.search(refusal.message):
        return DeniedError(
            refusal.text, advice="change the object as the cluster's policy demands, or the policy"
        )
    if _WEBHOOK_FAILED in refusal.message:
        return WebhookError(refusal.text, advice="repair the webhook: the API server cannot call it")
    if _NOT_OF_THE_TYPE.match(refusal.message):
        return InvalidObjectError(refusal.text, causes=[("", refusal.words)])
    return None


def _of_status(refusal: Refusal) -> ClusterError:
    status, request = refusal.status, refusal.request
    match status:
        case 403:
            return _forbidden(refusal)
        case 404:
            return _absent(refusal)
        case 409:
            return _conflict(refusal)
        case 410:
            return ExpiredListError(refusal.text)
        case 400 | 413 | 415 | 422 if request.method != "GET":
            return InvalidObjectError(refusal.text, causes=tuple(_causes(refusal)))
        case _ if status == 429 or (status == 503 and refusal.retry_after is not None):
            return ClusterUnavailableError(refusal.text, retry_after_s=_seconds(refusal.retry_after))
        case _ if status >= 500 or status == 408:
            if request.changes:
                return ClusterLostAnswerError(refusal.text)
            return ClusterUnavailableError(refusal.text, retry_after_s=_seconds(refusal.retry_after))
        case _:
            return ClusterError(refusal.text)


def _forbidden(refusal: Refusal) -> ClusterError:
    lacking = _MISSING_VERB.search(refusal.message)
    if lacking:
        verb, resource, namespace = (
            refusal.shown(lacking[name] or "") for name in ("verb", "resource", "namespace")
        )
        group = refusal.shown(lacking["group"])
        # For RBAC a namespace is in itself; a Role there is of no use where it does not exist yet.
        is_inside = namespace and resource != "namespaces"
        where = f"with a Role in namespace {namespace}" if is_inside else "with a ClusterRole"
        return ClusterForbiddenError(
            refusal.text,
            verb=verb,
            group=group,
            resource=resource,
            namespace=namespace,
            advice=f"grant `{verb}` on `{resource}{f'.{group}' if group else ''}` {where}",
        )
    path = _MISSING_PATH.search(refusal.message)
    if path:
        verb, resource = refusal.shown(path["verb"]), refusal.shown(path["path"])
        advice = f"grant `{verb}` on the path `{resource}` with a ClusterRole"
        return ClusterForbiddenError(refusal.text, verb=verb, group="", resource=resource, advice=advice)
    if _MORE_THAN_ONE_HAS in refusal.message:
        resource, group = (
            refusal.shown(refusal.details.get("kind")),
            refusal.shown(refusal.details.get("group")),
        )
        verb = "bind" if resource.endswith("bindings") else "escalate"
        return ClusterForbiddenError(
            refusal.text,
            verb=verb,
            group=group,
            resource=resource,
            namespace=refusal.request.namespace,
            advice=f"grant everything that the role contains, or `{verb}` on the role",
        )
    return DeniedError(refusal.text, advice="change the object or the limit of the cluster")


def _absent(refusal: Refusal) -> ClusterError:
    """A missing object has a name in the answer; a missing kind has none, or is no `Status` at all.

    Kinds that Kubernetes itself brings are never missing: to believe that would make objects of theirs look gone.
    """
    name, request = refusal.details.get("name"), refusal.request
    if request.namespace and refusal.details.get("kind") == "namespaces":
        return AbsentNamespaceError(refusal.text, advice=f"create namespace {request.namespace}")
    if isinstance(name, str) and name:
        return AbsentObjectError(refusal.text)
    resource, group_version = request.subject.partition(" ")[0], _group_version(request)
    words = f"the API server does not know {resource} of {group_version} (404)"
    if group_version in _BUILT_IN:
        return ClusterError(words, advice=SERVER)
    return UnknownKindError(
        words, advice="install what brings this kind, or correct `server` in the kubeconfig"
    )


def _group_version(request: Request) -> str:
    _, _, below = request.path.partition("/apis/")
    return "/".join(below.split("/")[:2]) if below else "v1"


def _conflict(refusal: Refusal) -> ClusterError:
    conflicts = [
        (refusal.shown(found["manager"]), refusal.shown(cause.get("field")))
        for cause in refusal.causes
        if cause.get("reason") == "FieldManagerConflict"
        and (found := _MANAGER.search(str(cause.get("message", "")))) is not None
    ]
    if refusal.has_cause("FieldManagerConflict"):
        return FieldConflictError(
            refusal.text,
            conflicts=conflicts,
            advice="remove the fields from what the other manager applies, or from the files",
        )
    return StaleObjectError(refusal.text)


def _causes(refusal: Refusal) -> Iterator[tuple[str, str]]:
    for cause in refusal.causes:
        yield refusal.shown(cause.get("field")), refusal.shown(cause.get("message"))


def _seconds(retry_after: str | None) -> float | None:
    """API servers send seconds, never a date (k8s.io/apiserver, `tooManyRequests`)."""
    text = (retry_after or "").strip()
    return float(text) if _SECONDS.fullmatch(text) else None
