"""Errors outside this program's control, with the exit code that says whether trying again helps.

Problems of the user's input are findings (`reconciler.model.finding`), not exceptions.

    ReconcilerError                          exit 1
    |-- UsageError                 terminal  exit 64  an invalid command line
    |-- OutputError                terminal  exit 74  stdout cannot be written
    |-- SettingsError              terminal  exit 3   has findings
    |-- SourceError                transient exit 6
    |   |-- UnknownRevisionError   terminal  exit 6
    |   `-- RepositoryError        transient exit 6   git cannot be used
    |-- InventoryError             transient exit 6   the ownership record
    |   `-- InventoryConflictError transient exit 8   another run has written it in the meantime
    |-- ClusterError               transient exit 6   a Kubernetes cluster (while applying: an outcome, exit 5)
    |   |-- ClusterAccessError     transient          not reached, or 401: nothing on it can be read
    |   |-- ClusterUnavailableError transient         429, 5xx: nothing was done
    |   |-- ClusterLostAnswerError transient          sent, but its effect is unknown
    |   |-- ClusterForbiddenError  terminal           403: a verb is missing
    |   |-- WebhookError           transient          a webhook does not answer: nothing was done
    |   |-- DeniedError            terminal           by a webhook, a policy or a quota
    |   |-- InvalidObjectError     terminal           the API server refuses the content
    |   |-- FieldConflictError     terminal           other managers own some of the fields
    |   |-- StaleObjectError       transient          the object is not as it was read: read again
    |   |-- NamespaceTerminatingError transient       nothing can be created in it any more
    |   |-- AbsentNamespaceError   transient          there is no such namespace
    |   `-- UnknownKindError       terminal           the API server does not have the kind
    |-- KeyStoreError              terminal  exit 3   key text that cannot be read
    |-- OrchestratorError          exit 6 (while applying: an outcome, exit 5)
    |   |-- UnauthorizedError      terminal
    |   |-- RejectedError          terminal           the API refuses the content
    |   |-- ConflictError          transient          read again, plan again
    |   |-- InUseError             terminal           not deleted, because deployments still use it
    |   |-- AbsentError            terminal           404: the object does not exist
    |   |-- UnavailableError       transient          429, 5xx before anything was done, no connection
    |   `-- LostAnswerError        transient          sent, but its effect is unknown
    `-- ReadOnlyError              a bug     exit 1   a read-only command tried to write

Refusals by guards and the staleness of a saved plan are part of the result, not exceptions.
"""

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.active_resource import Rematch
    from reconciler.model.excerpt import Excerpt
    from reconciler.model.finding import Finding
    from reconciler.model.origin import Origin


class ExitCode(IntEnum):
    """Exit codes (design, section 5)."""

    DONE = 0
    BUG = 1
    CHANGES = 2
    INVALID = 3
    REFUSED = 4
    PARTIAL = 5
    UNREADABLE = 6
    STALE = 7
    LEASED = 8
    USAGE = 64
    OUTPUT = 74
    """As `EX_IOERR` of sysexits.h, like `USAGE` is its `EX_USAGE`."""


class ConnectionPart(StrEnum):
    """The connection setting that an error concerns; the organization is that of the target."""

    URL = "url"
    TOKEN = "token"  # noqa: S105  the setting's name
    ORGANIZATION = "organization"
    NONE = ""


class ReconcilerError(Exception):
    """Root of the tree. `advice` is the next step for the user, or ""."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    is_transient: ClassVar[bool] = False

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice

    @property
    def with_advice(self) -> str:
        """Message and advice as sentences."""
        return f"{self}. {self.advice}" if self.advice else str(self)


class UsageError(ReconcilerError):
    """The command line is invalid or asks for something impossible."""

    exit_code = ExitCode.USAGE


class OutputError(ReconcilerError):
    """Stdout cannot be written, such as on a full disk. The run may have changed something before."""

    exit_code = ExitCode.OUTPUT

    def __init__(self, cause: OSError) -> None:
        super().__init__(
            f"the output cannot be written: {cause.strerror}",
            advice="make room, or redirect the output to another place, and run again",
        )


class SettingsError(ReconcilerError):
    """The settings file cannot be used; `findings` lists every problem with its place.

    `excerpts` contains the lines of the file at those places.
    """

    exit_code = ExitCode.INVALID

    def __init__(
        self,
        message: str,
        *,
        findings: "Sequence[Finding]" = (),
        excerpts: "Mapping[Origin, Excerpt] | None" = None,
        advice: str = "",
    ) -> None:
        super().__init__(message, advice=advice)
        self.findings = tuple(findings)
        self.excerpts = dict(excerpts or {})


class SourceError(ReconcilerError):
    """The files or their repository cannot be read at the moment."""

    exit_code = ExitCode.UNREADABLE
    is_transient = True


class UnknownRevisionError(SourceError):
    """The repository has no such branch, tag or commit."""

    is_transient = False


class RepositoryError(SourceError):
    """Git cannot be used: it is missing, takes too long, does not trust the folder, or the URL is refused."""


class InventoryError(ReconcilerError):
    """The ownership record cannot be read or written."""

    exit_code = ExitCode.UNREADABLE
    is_transient = True


class InventoryConflictError(InventoryError):
    """The record has changed since it was read; it was not overwritten."""

    exit_code = ExitCode.LEASED


class ClusterError(ReconcilerError):
    """Something on a Kubernetes cluster cannot be read or changed.

    The message does not name the cluster, because only the caller knows its name in the settings. It never quotes
    a kubeconfig or a credential plugin. Of what the API server says it quotes at most one line, without the token.
    """

    exit_code = ExitCode.UNREADABLE
    is_transient = True


class ClusterAccessError(ClusterError):
    """The cluster cannot be reached or does not accept the credentials: every other request would fail as well."""


class ClusterUnavailableError(ClusterError):
    """Nothing was done: 429, 503 with a hint, or for reads any 5xx.

    `retry_after_s` is the server's hint in seconds, None without one.
    """

    def __init__(self, message: str, *, advice: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after_s = retry_after_s


class ClusterLostAnswerError(ClusterError):
    """A change was sent and its effect is unknown: read again before doing anything else."""


class ClusterForbiddenError(ClusterError):
    """403: the credentials lack a verb.

    `verb`, `group`, `resource` (with its subresource: `pods/log`) and `namespace` are as the server names them, ""
    where it does not. For roles that grant more than the credentials have, the verb is `escalate` or `bind`.
    """

    is_transient = False

    def __init__(
        self, message: str, *, verb: str, group: str, resource: str, namespace: str = "", advice: str = ""
    ) -> None:
        super().__init__(message, advice=advice)
        self.verb = verb
        self.group = group
        self.resource = resource
        self.namespace = namespace


class WebhookError(ClusterError):
    """A webhook that has to agree cannot be called, so that nothing was done."""


class DeniedError(ClusterError):
    """A webhook, a policy, a quota or a limit of the cluster refuses the change; the message has its words."""

    is_transient = False


class InvalidObjectError(ClusterError):
    """The API server refuses the content. `causes` are pairs of a field, "" if it names none, and what is wrong."""

    is_transient = False

    def __init__(self, message: str, *, causes: "Sequence[tuple[str, str]]" = (), advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.causes = tuple(causes)


class FieldConflictError(ClusterError):
    """Other managers own fields that were to be applied; nothing was done.

    `conflicts` are pairs of a manager and a field: `("kubectl-edit", ".spec.replicas")`.
    """

    is_transient = False

    def __init__(self, message: str, *, conflicts: "Sequence[tuple[str, str]]", advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.conflicts = tuple(conflicts)


class StaleObjectError(ClusterError):
    """The object is another one than was read, has been changed since, or exists although it was to be new."""


class NamespaceTerminatingError(ClusterError):
    """The namespace is being deleted, so that nothing can be created in it."""


class AbsentNamespaceError(ClusterError):
    """The namespace that the object is to be in does not exist."""


class UnknownKindError(ClusterError):
    """The API server does not have the kind of a custom resource, which is not installed.

    Never raised for kinds that Kubernetes itself brings.
    """

    is_transient = False


class KeyStoreError(ReconcilerError):
    """Key text cannot be read. The message never quotes it."""

    exit_code = ExitCode.INVALID


class OrchestratorError(ReconcilerError):
    """The API answered with an error, or did not answer.

    `status` is the HTTP status, 0 without an answer. `request_id` is the server's, or "".
    The message is the first line of the server's message, cut to 300 characters: later lines of v2
    repeat what was submitted, secrets included (v2 reference 3.2).
    `cause` is the message without the request, so equal for all requests that fail for the same
    reason, or ""; `part` is the setting that the error concerns.
    """

    exit_code = ExitCode.UNREADABLE

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        request_id: str = "",
        advice: str = "",
        cause: str = "",
        part: ConnectionPart = ConnectionPart.NONE,
    ) -> None:
        super().__init__(message, advice=advice)
        self.status = status
        self.request_id = request_id
        self.cause = cause
        self.part = part


class UnauthorizedError(OrchestratorError):
    """401 or 403: credentials are missing or not accepted."""


class RejectedError(OrchestratorError):
    """400 or 422: the API refuses the content."""


class ConflictError(OrchestratorError):
    """409 to a create or a change: the id is taken, or something it refers to is missing."""

    is_transient = True


class InUseError(OrchestratorError):
    """409 to a delete: deployments still use the object. Nothing was deleted.

    `rematches` are the active resources that would change, as far as the server names them. It does so for
    definitions and criteria, which can be force-deleted, but not for runners, which cannot.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        request_id: str = "",
        advice: str = "",
        rematches: "Sequence[Rematch]" = (),
    ) -> None:
        super().__init__(message, status=status, request_id=request_id, advice=advice)
        self.rematches = tuple(rematches)


class AbsentError(OrchestratorError):
    """404: the object, or its parent, does not exist."""


class UnavailableError(OrchestratorError):
    """Nothing was done: 429, 503 before the request was taken, or no connection.

    `retry_after_s` is the server's hint in seconds, None without one.
    """

    is_transient = True

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        request_id: str = "",
        retry_after_s: float | None = None,
        advice: str = "",
        cause: str = "",
        part: ConnectionPart = ConnectionPart.NONE,
    ) -> None:
        super().__init__(message, status=status, request_id=request_id, advice=advice, cause=cause, part=part)
        self.retry_after_s = retry_after_s


class LostAnswerError(OrchestratorError):
    """A change was sent and its effect is unknown: read again before doing anything else."""

    is_transient = True


class ReadOnlyError(ReconcilerError):
    """A mutating request reached a read-only client."""
