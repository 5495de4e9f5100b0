"""Matrix rows: a subject, and a verdict for each mode or component (compatibility rules 3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.settings import Mode
from reconciler.vendor.driver import DriverClass


class Verdict(StrEnum):
    """Whether a combination works; the values are display names."""

    SUPPORTED = "supported"
    NOT_USED = "not used"
    SAME_AS_TARGET = "as its target"
    REFERENCES_ONLY = "supported, references only"
    UNVERIFIED = "unverified"
    DISCOURAGED = "discouraged"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    """Never in a row: the overall verdict if missing facts could make it worse."""

    @property
    def badness(self) -> int:
        """Rank: greater is worse. `UNKNOWN` has no rank and counts as 0."""
        return _BADNESS.get(self, 0)


_BADNESS = {
    Verdict.REFERENCES_ONLY: 1,
    Verdict.UNVERIFIED: 2,
    Verdict.DISCOURAGED: 3,
    Verdict.UNSUPPORTED: 4,
}


class StoreClass(StrEnum):
    """Class of an organization's primary secret store, by the orchestrator's access to it."""

    P0 = "built-in"
    P1 = "external, with write access"
    P2 = "external, without write access"
    P3 = "a stand-in; only a `kubernetes` store on the cluster"


class Column(StrEnum):
    """Component that a cell is about, in rows with one cell per component."""

    AGENT = "Agent"
    OPERATOR = "Operator"
    RUNNER = "v2 runner"
    WITH_AGENT = "with Agent"


class Traffic(StrEnum):
    """Table B."""

    CLUSTER_API = "cluster API"
    GIT = "deployment to Git"
    PRIVATE_GIT = "private Git host"
    RUNTIME_DATA = "runtime data next to a Git target"
    RUNNER_JOB = "container family, or Terraform driver with its own cluster"
    VAULT = "private Vault for the orchestrator's writes"
    OTHER_DRIVER = "other hosted drivers"
    SELF_HOSTED_DRIVER = "self-hosted drivers"
    ORGANIZATIONS = "several organizations"
    REPLICAS = "several replicas"
    OTHER_NETWORK = "a network the Agent cannot see"
    WORKLOAD = "a Score file or workload"


class StoreKind(StrEnum):
    """Table C."""

    BUILT_IN = "built-in `humanitec`"
    AWS = "AWS Secrets Manager"
    AZURE = "Azure Key Vault"
    GOOGLE = "Google Secret Manager"
    VAULT = "HashiCorp Vault, KV v2"
    VAULT_V1 = "HashiCorp Vault, KV v1"
    KUBERNETES = "`kubernetes`"
    PER_ENVIRONMENT = "store for each environment, created by `base-env`"
    SEVERAL = "several stores"
    NOT_ON_CLUSTER = "registered and referred to, not on the cluster"
    DEFAULT_ON_CLUSTER = "on the cluster, not registered"
    REFERRED_ON_CLUSTER = "on the cluster, not registered, referred to"


class Provisioned(StrEnum):
    """Table E."""

    CLUSTER = "`k8s-cluster`"
    NAMESPACE = "`k8s-namespace`"
    AGENT = "`agent`"
    LOGGING = "`logging`"
    OTHER = "all other types"
    DEFAULT_DEFINITION = "default definitions"
    WITH_ACCOUNT = "definitions with `driver_account`"


class Reference(StrEnum):
    """Table F. `O` is any type other than `k8s-cluster`, `k8s-namespace`, `agent` and `logging` (`OPT`)."""

    AMONG_OTHERS = "O to O"
    TO_CLUSTER = "O to `k8s-cluster`"
    TO_LOGGING = "O to `logging`"
    TO_NAMESPACE = "O to `k8s-namespace`"
    TO_AGENT_OF_RUNNER = "O to `agent`, output `url`, for a runner's cluster"
    TO_AGENT = "O to `agent`, anything else"
    CLUSTER_TO_AGENT = "`k8s-cluster` (not Git) to `agent`"
    GIT_TO_AGENT = "`k8s-cluster` (Git) to `agent`"
    FREE_OF_SECRETS = "OPT to O without secret reference, at any depth"
    LEADING_TO_SECRET = "OPT to O with secret reference, at any depth"  # noqa: S105  words
    SECRET_IN_OPT = "secret reference inside an OPT definition"  # noqa: S105  words
    SECRET_ANYWHERE = "secret reference"  # noqa: S105  words
    OPEN_SECRET = "placeholder inside a secret reference"  # noqa: S105  words


class Host(StrEnum):
    """Table G."""

    OWN_NAMESPACE = "Kubernetes, own namespace"
    SHARED_NAMESPACE = "one namespace for Agent and Operator"
    OPENSHIFT = "OpenShift"
    DOCKER = "Docker on a machine"
    AZURE_CONTAINER_INSTANCES = "Azure Container Instances"
    REQUEST_DRIVEN = "request-driven"
    AUTOSCALED = "autoscaled, scale to zero"
    ELSEWHERE = "outside the cluster it serves, with network access"
    NO_EGRESS = "cluster without egress on 443"


class KeyTrait(StrEnum):
    """Table H."""

    RSA = "RSA of 4096 bits or more"
    SHORT_RSA = "RSA under 4096 bits"
    ED25519 = "Ed25519"
    PASSPHRASE = "passphrase"  # noqa: S105  a word
    SEVERAL = "several registered at once"
    TWO_AGENTS = "same pair, two Agent ids"
    SEVERAL_ORGANIZATIONS = "same pair, same Agent, several organizations"
    AGENT_AND_OPERATOR = "same pair, Agent and Operator"
    PRIVATE_IN_GIT = "private key in Git"


class Topology(StrEnum):
    """Table I."""

    ONE_ORGANIZATION = "Agent and Operator, same organization"
    ONE_CLUSTER = "Agent and Operator, same cluster"
    TWO_OPERATORS = "two Operators on one cluster"
    TWO_ORGANIZATIONS = "one Operator, two organizations"
    NO_OPERATOR = "organization in direct, target cluster without Operator"
    IDLE_OPERATOR = "organization in legacy, Operator installed"
    DIRECT_AND_GITOPS = "one organization, some targets direct, some gitops"
    LEGACY_AND_DIRECT = "one organization, some targets legacy, some direct"
    SEVERAL_CLUSTERS = "one Agent for several clusters"
    AGENT_AND_RUNNER = "v1 Agent and v2 runner agent on one cluster"


@dataclass(frozen=True, slots=True)
class DeploymentTarget:
    """Table A: the mode, whether the target uses an Agent, and the class of the primary store."""

    mode: Mode
    has_agent: bool
    store: StoreClass

    def __str__(self) -> str:
        agent = "with an Agent" if self.has_agent else "without Agent"
        return f"{self.mode}, {agent}, {self.store.name} ({self.store})"


Subject = (
    DeploymentTarget
    | Traffic
    | StoreKind
    | DriverClass
    | Provisioned
    | Reference
    | Host
    | KeyTrait
    | Topology
)


class Enforcement(StrEnum):
    """What reports a target that is in an unsupported cell."""

    RULES = "the rules of the row"
    FORMAT = "the document format: it cannot be declared"
    NOTHING = "no rule; only `explain` shows it"


@dataclass(frozen=True, slots=True)
class Cell:
    """One verdict of a row. `modes` is None for any mode, `column` is None if the row has no columns."""

    verdict: Verdict
    modes: frozenset[Mode] | None = None
    column: Column | None = None
    enforced_by: Enforcement = Enforcement.RULES

    @property
    def name(self) -> str:
        """Display name of the column, "" if the row has one cell.

        >>> Cell(Verdict.SUPPORTED, frozenset((Mode.GITOPS, Mode.DIRECT))).name
        'direct, gitops'
        """
        if self.column is not None:
            return str(self.column)
        return "" if self.modes is None else ", ".join(mode for mode in Mode if mode in self.modes)


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `rules` are the ids of the rules that enforce it, `source` its sources, in the catalogue's codes."""

    id: str
    subject: Subject
    text: str
    cells: tuple[Cell, ...]
    why: str
    rules: tuple[str, ...]
    source: str

    @property
    def table(self) -> str:
        """Letter of the table."""
        return self.id[0]

    def in_mode(self, mode: Mode | None) -> Iterator[Cell]:
        """Cells that may apply in a mode; None is an unknown mode."""
        return (cell for cell in self.cells if mode is None or cell.modes is None or mode in cell.modes)
