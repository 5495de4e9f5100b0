"""What was read for an examination, as values. Everything that could not be read is an `Unread`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from reconciler.footprint.needed_right import Right
from reconciler.footprint.value import Footprint
from reconciler.model.cluster_state import SecretObject
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import OPERATOR_INSTALLATIONS
from reconciler.model.registration import Registration
from reconciler.model.unread import Unread


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights that something needs, and those of them that are missing with the words of the server.

    `narrowed` are lists that are permitted in every declared namespace, and not in the whole cluster.
    """

    needed: int
    missing: tuple[tuple[Right, str], ...] = ()
    narrowed: tuple[Right, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSight:
    """What the API server of a cluster says of itself.

    `ahead` is its clock minus that of this machine, None if unknown. `more` are rights that a plan does without.
    """

    address: str
    version: str
    ahead: timedelta | None = None
    plan: Rights | Unread = Rights(0)
    more: Rights | Unread = Rights(0)
    apply: Rights | Unread = Rights(0)
    kinds: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """Kinds of other products that declared things need, by API version and kind: whether the server has them."""


@dataclass(frozen=True, slots=True)
class InstallationSight:
    """One declared installation on a cluster. `deployment` and `secret` are None if they do not exist.

    `organizations` are those that it serves. `logs` are by pod, oldest line first.
    """

    footprint: Footprint
    organizations: tuple[str, ...] = ()
    deployment: JsonObject | Unread | None = None
    pods: tuple[JsonObject, ...] | Unread = ()
    logs: Mapping[str, tuple[str, ...] | Unread] = field(default_factory=dict)
    secret: SecretObject | Unread | None = None

    @property
    def is_agent(self) -> bool:
        """True for an Agent, false for a runner or an Operator."""
        return self.footprint.installation.startswith(f"{Kind.AGENT}/")

    @property
    def is_operator(self) -> bool:
        """True for an Operator."""
        return self.footprint.installation.startswith(OPERATOR_INSTALLATIONS)

    @property
    def id(self) -> str:
        """Id of the Agent, the runner or the Operator."""
        return self.footprint.installation.partition("/")[2]


@dataclass(frozen=True, slots=True)
class OrganizationSight:
    """One organization through one target. `keys` are registrations by agent and fingerprint.

    `runners` are fingerprints of registered runners by id, "" for those without a key. `operator_keys` are
    registrations by fingerprint.
    """

    organization: str
    keys: Mapping[str, Mapping[str, Registration]] | Unread = field(default_factory=dict)
    runners: Mapping[str, str] | Unread = field(default_factory=dict)
    operator_keys: Mapping[str, Registration] | Unread = field(default_factory=dict)


class Refusal(StrEnum):
    """Why an API does not answer what was asked."""

    TOKEN = "token"  # noqa: S105  a name
    ORGANIZATION = "organization"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ApiSight:
    """One API of a target. `refusal` is None if everything was read; `found` says what it has, in words.

    `is_proven` is false if it is empty and nothing shows that the organization exists.
    """

    name: str
    url: str
    found: str = ""
    refusal: tuple[Refusal, Unread] | None = None
    is_proven: bool = True
