"""The settings file: identity and connections, never desired state (design, section 3).

Frozen models only. `reconciler.source.settings_file` reads the file; only `reconciler.cli`
turns names of environment variables into values.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from reconciler.model.document import Frozen, Items, Word
from reconciler.model.finding import Severity
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin, Positions
from reconciler.model.place import Place, Realm, organization

FILE_NAME = "reconciler.yaml"
EVERY_FILE = ("**",)
"""The patterns of a target that names none."""


class Mode(StrEnum):
    """How deployments reach a cluster; older names are accepted on input (agent-and-operator 1.2)."""

    LEGACY = "legacy"
    DIRECT = "direct"
    GITOPS = "gitops"


class Prune(StrEnum):
    """What happens to owned objects that are no longer desired."""

    OWNED = "owned"
    NEVER = "never"


class Drift(StrEnum):
    """What happens to drift: live changed while desired did not."""

    CORRECT = "correct"
    REPORT = "report"


class Token(Frozen):
    """Source of an API token. The token itself is never in a file of the repository."""

    env: Annotated[str | None, Field(description="Environment variable that contains it.")] = None
    file: Annotated[
        str | None, Field(description="Path of a file that contains it, such as a mounted Secret.")
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> "Token":
        if (self.env is None) == (self.file is None):
            raise ValueError("set exactly one of `env` and `file`")
        return self


class Connection(Frozen):
    """Connection to one API."""

    url: Annotated[
        str,
        Field(description="Base URL; may include a path, never credentials.", pattern=r"^https?://[^@\s]+$"),
    ]
    token: Annotated[Token | None, Field(description="Bearer token; none for a local emulator.")] = None


class BuiltIn(Frozen):
    """Treatment of the definitions that every organization has from the start."""

    disabled: Annotated[
        Items[Annotated[str, Field(min_length=1)]],
        Field(
            description="Ids of built-in definitions whose criteria are removed, so that declared ones can take their "
            "place. The criteria are restored when an id is no longer listed."
        ),
    ] = ()


class Target(Frozen):
    """One organization and the files that belong to it."""

    organization: Annotated[str, Field(description="Id of the organization in both orchestrators.")]
    paths: Annotated[
        Items[str],
        Field(description="Patterns in `.gitignore` syntax of the files that belong to it.", min_length=1),
    ] = EVERY_FILE
    orchestrator: Annotated[Connection | None, Field(description="Platform Orchestrator v1.")] = None
    runners: Annotated[Connection | None, Field(description="Platform Orchestrator v2.")] = None
    mode: Annotated[
        Word[Mode] | None,
        Field(description="The mode that the team expects; compared with the computed one (R60)."),
    ] = None
    primaryStore: Annotated[  # noqa: N815  the setting's name
        str | None, Field(description="Id of the primary secret store, if known.")
    ] = None
    builtIn: Annotated[  # noqa: N815  the setting's name
        BuiltIn, Field(description="Treatment of built-in definitions, such as `default-humanitec-dns`.")
    ] = BuiltIn()


class ApiServer(Frozen):
    """A cluster's API server."""

    public: Annotated[bool | None, Field(description="Whether the orchestrator can reach it directly.")] = (
        None
    )


class Kubeconfig(Frozen):
    """How to reach a cluster from outside."""

    path: Annotated[
        str,
        Field(
            min_length=1,
            description="Path of the kubeconfig, outside the tree; relative to the settings file unless absolute.",
        ),
    ]
    context: Annotated[
        str | None, Field(description="Context to use. Default: the file's current context.")
    ] = None


class Cluster(Frozen):
    """Facts about a cluster and how to reach it."""

    kubeconfig: Kubeconfig | None = None
    inCluster: Annotated[bool, Field(description="Use the pod's service account.")] = False  # noqa: N815  as in the file
    directory: Annotated[str | None, Field(description="Render into this folder instead.")] = None
    platform: Annotated[
        Literal["aks", "eks", "gke", "openshift", "other"] | None,
        Field(description="Kubernetes platform it runs on."),
    ] = None
    apiServer: ApiServer = ApiServer()  # noqa: N815  as in the file
    kubernetesVersion: Annotated[str | None, Field(description="Version, such as `1.31`.")] = None  # noqa: N815  as in the file
    network: Annotated[str | None, Field(description="Network it is in, under a name you choose.")] = None
    definitions: Annotated[
        Items[str] | None,
        Field(
            description="Ids of the `k8s-cluster` definitions that deploy to it. Default: the name of the cluster."
        ),
    ] = None
    operator: Annotated[bool | None, Field(description="Whether the Humanitec Operator runs there.")] = None

    @model_validator(mode="after")
    def _one_way(self) -> "Cluster":
        if self.kubeconfig is not None and self.inCluster:
            raise ValueError("set at most one of `kubeconfig` and `inCluster`")
        return self

    @property
    def is_reached(self) -> bool:
        """True if objects on it can be read and applied, on its API server or in a folder."""
        return self.kubeconfig is not None or self.inCluster or self.directory is not None


class KindPolicy(Frozen):
    """What may be done without approval."""

    prune: Word[Prune] | None = None
    drift: Word[Drift] | None = None


class Policy(Frozen):
    """Policy per kind; `default` applies where a kind sets nothing."""

    default: KindPolicy = KindPolicy(prune=Prune.OWNED, drift=Drift.CORRECT)
    kinds: dict[str, KindPolicy] = Field(
        default_factory=dict, description="Overrides by kind, such as `Runner`."
    )

    @model_validator(mode="after")
    def _known_kinds(self) -> "Policy":
        unknown = sorted(set(self.kinds) - set(Kind))
        if unknown:
            raise ValueError(f"unknown kind {unknown[0]!r}; kinds are {', '.join(Kind)}")
        return self

    def prune(self, kind: Kind) -> Prune:
        """Effective policy for a kind. The default is not for steps of a rotation, which would never end."""
        default = None if kind is Kind.PRIVATE_KEY else self.default.prune
        return self.kinds.get(kind, KindPolicy()).prune or default or Prune.OWNED

    def drift(self, kind: Kind) -> Drift:
        """Effective policy for a kind."""
        own = self.kinds.get(kind, KindPolicy())
        return own.drift or self.default.drift or Drift.CORRECT


class Safety(Frozen):
    """Limits beyond which a plan is refused."""

    maxDelete: Annotated[  # noqa: N815  as in the file
        str,
        Field(
            description="Number of deletes of one kind in one target that need no approval: `10%` of the owned "
            "objects, `5`, or `10% or 5` (whichever allows more).",
            pattern=r"^(?:\d{1,3}%|\d+)(?: or (?:\d{1,3}%|\d+))?$",
        ),
    ] = "10% or 5"
    protect: Annotated[
        Items[str],
        Field(description="Objects never deleted without approval: `Kind/id`; the id can contain `*`."),
    ] = ()


class FileInventory(Frozen):
    """Ownership record kept in files."""

    directory: Annotated[str, Field(description="Folder, relative to the settings file unless absolute.")] = (
        ".reconciler/inventory"
    )


class GitInventory(Frozen):
    """Ownership record kept in `refs/reconciler/<instance>/<target>` of the repository."""

    remote: Annotated[
        str | None,
        Field(description="Remote that the ref is fetched from and pushed to. Default: local only."),
    ] = None


class InventorySettings(Frozen):
    """Where the ownership record is kept. `none: true` means nothing is ever deleted."""

    file: FileInventory | None = None
    git: GitInventory | None = None
    none: bool = False
    digestKey: Annotated[  # noqa: N815  as in the file
        Token | None,
        Field(
            description="Key of the digests of sent secrets. Default: a key file created next to a file inventory."
        ),
    ] = None

    @model_validator(mode="after")
    def _at_most_one(self) -> "InventorySettings":
        if sum((self.file is not None, self.git is not None, self.none)) > 1:
            raise ValueError("set at most one of `file`, `git` and `none`")
        return self


class Profile(StrEnum):
    """How rules with contradictory sources are treated (compatibility rules 1)."""

    DEFAULT = "default"
    STRICT = "strict"


class RuleSetting(Frozen):
    """Switches one rule, always with a reason, permanently or until a date."""

    severity: Literal["error", "warning", "off"]
    reason: Annotated[
        str, Field(min_length=1, description="Reason; printed where the rule would have reported.")
    ]
    until: Annotated[
        str | None,
        Field(
            description="Last day on which it applies, such as `2027-01-31`. Default: it applies permanently.",
            pattern=r"^\d{4}-\d{2}-\d{2}$",
        ),
    ] = None

    @field_validator("until")
    @classmethod
    def _a_day(cls, text: str | None) -> str | None:
        if text is not None:
            date.fromisoformat(text)
        return text

    def holds_on(self, day: date) -> bool:
        """True on days up to and including the last one."""
        return self.until is None or day <= date.fromisoformat(self.until)

    def as_severity(self) -> Severity | None:
        """The severity, None where the rule is off."""
        return None if self.severity == "off" else Severity(self.severity)


class Network(Frozen):
    """Hosts that the orchestrator cannot reach from outside."""

    privateHosts: Annotated[  # noqa: N815  as in the file
        Items[str], Field(description="Names of Git hosts inside a private network.")
    ] = ()


class Apply(Frozen):
    """How a plan is carried out."""

    concurrency: Annotated[int, Field(ge=1, le=64, description="Number of actions at once.")] = 8


class Watch(Frozen):
    """Behaviour of `reconciler watch`. Durations are in seconds."""

    poll_s: Annotated[
        float,
        Field(
            alias="pollSeconds",
            gt=0,
            le=31_536_000,
            allow_inf_nan=False,
            description="Interval between polls of the repository.",
        ),
    ] = 60
    resync_s: Annotated[
        float,
        Field(
            alias="resyncSeconds",
            gt=0,
            le=31_536_000,
            allow_inf_nan=False,
            description="Interval between passes when nothing changes, to find drift.",
        ),
    ] = 600
    backoff_max_s: Annotated[
        float,
        Field(
            alias="backoffMaxSeconds",
            gt=0,
            le=31_536_000,
            allow_inf_nan=False,
            description="Longest wait after failures.",
        ),
    ] = 900
    listen: Annotated[str, Field(description="Address of the health and metrics endpoints, `host:port`.")] = (
        "127.0.0.1:8080"
    )


MOST_DEPTH = 200
"""Highest `limits.maxDepth`: values this deep are still handled by recursion."""


class Limits(Frozen):
    """Limits on what is read from a tree."""

    max_files: Annotated[int, Field(alias="maxFiles", ge=1)] = 50_000
    max_file_bytes: Annotated[int, Field(alias="maxFileBytes", ge=1)] = 1_048_576
    max_total_bytes: Annotated[int, Field(alias="maxTotalBytes", ge=1)] = 134_217_728
    max_depth: Annotated[int, Field(alias="maxDepth", ge=1, le=MOST_DEPTH)] = 64
    max_nodes: Annotated[
        int, Field(alias="maxNodes", ge=1, description="Values in one document, after aliases are expanded.")
    ] = 100_000


class _Places:
    """Places of settings in their file. Any two are equal: places are not part of the settings' value."""

    __slots__ = ("_positions", "_raw")

    def __init__(self, raw: Json = None, positions: Positions | None = None) -> None:
        self._raw = raw
        self._positions = positions

    def origin(self, path: Path) -> Origin:
        """Place of the value at `path`, or of its nearest existing ancestor."""
        return Origin(FILE_NAME) if self._positions is None else self._positions.origin(self._raw, path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Places)

    def __hash__(self) -> int:
        return hash(_Places)


class Settings(Frozen):
    """The settings file."""

    version: Literal[1]
    instance: Annotated[
        str,
        Field(
            description="Name of this installation, which owns its objects; part of the inventory's name.",
            pattern=r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$",
        ),
    ] = "default"
    targets: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")], Target],
        Field(min_length=1, description="Organizations, under names you choose."),
    ]
    clusters: dict[str, Cluster] = Field(default_factory=dict, description="Facts about clusters, by name.")
    policy: Policy = Policy()
    safety: Safety = Safety()
    inventory: InventorySettings = InventorySettings()
    profile: Annotated[
        Word[Profile],
        Field(description="`strict` turns warnings whose sources contradict each other into errors."),
    ] = Profile.DEFAULT
    rules: dict[str, RuleSetting] = Field(
        default_factory=dict, description="Rules switched by id, such as `R71`."
    )
    network: Network = Network()
    apply: Apply = Apply()
    watch: Watch = Watch()
    limits: Limits = Limits()
    _places: _Places = PrivateAttr(default_factory=_Places)

    def located(self, raw: Json, positions: Positions) -> "Settings":
        """The same settings, with the document they were read from."""
        found = self.model_copy()
        found._places = _Places(raw, positions)  # noqa: SLF001  a copy of its own kind
        return found

    def origin(self, *path: str | int) -> Origin:
        """Place of a setting, or of its nearest existing ancestor; the file as a whole where no document is known."""
        return self._places.origin(path)

    def place(self, target: str) -> Place:
        """The organization of a target; one id at two addresses is two places."""
        name = self.targets[target].organization
        is_alone = sum(other.organization == name for other in self.targets.values()) == 1
        return organization(name) if is_alone else Place(Realm.ORGANIZATION, name, target)

    @model_validator(mode="after")
    def _what_is_taken_is_recorded(self) -> "Settings":
        """Raise ValueError where the criteria of built-in definitions could never be restored, for lack of a record."""
        if self.inventory.none:
            for name, target in self.targets.items():
                if target.builtIn.disabled:
                    raise ValueError(
                        f"target `{name}` has `builtIn.disabled`, but `inventory.none` keeps no record of the criteria "
                        "that are removed; use `inventory.file` or `inventory.git`"
                    )
        return self

    @model_validator(mode="after")
    def _one_target_an_organization(self) -> "Settings":
        """Raise ValueError for two targets of one organization: they would prune each other's objects."""
        seen: dict[tuple[str, str], str] = {}
        for name, target in self.targets.items():
            for connection in (target.orchestrator, target.runners):
                if connection is None:
                    continue
                place = (target.organization, connection.url.rstrip("/"))
                other = seen.setdefault(place, name)
                if other != name:
                    raise ValueError(
                        f"targets `{other}` and `{name}` both have organization `{target.organization}` at "
                        f"{connection.url}; an organization belongs to one target, which can list several paths"
                    )
        return self


def with_disabled(settings: Settings, disabled: Mapping[str, tuple[str, ...]]) -> Settings:
    """The settings with `builtIn.disabled` replaced, by target; unknown targets are ignored."""
    if not disabled:
        return settings
    targets = {
        name: target.model_copy(update={"builtIn": BuiltIn(disabled=disabled[name])})
        if name in disabled
        else target
        for name, target in settings.targets.items()
    }
    return settings.model_copy(update={"targets": targets})
