"""Tables C to F of the matrix: secret stores, drivers, resource types and references between definitions."""

from reconciler.matrix.row import Cell, Column, Enforcement, Provisioned, Reference, StoreKind, Verdict, row
from reconciler.settings import Mode
from reconciler.vendor.driver import DriverClass

_LEGACY = frozenset((Mode.LEGACY,))
_DIRECT = frozenset((Mode.DIRECT,))
_GITOPS = frozenset((Mode.GITOPS,))
_OPERATED = frozenset((Mode.DIRECT, Mode.GITOPS))
_YES, _NO = Verdict.SUPPORTED, Verdict.UNSUPPORTED
_STORE = (Cell(Verdict.NOT_USED, _LEGACY), Cell(_YES, _OPERATED))
_EVERY_MODE = (Cell(_YES, _LEGACY), Cell(_YES, _DIRECT), Cell(_YES, _GITOPS))
_BOTH = (Cell(_YES, _LEGACY), Cell(_YES, _OPERATED))


def _with_agent(verdict: Verdict) -> Cell:
    return Cell(verdict, column=Column.WITH_AGENT)


STORES = (
    row(
        "C1",
        StoreKind.BUILT_IN,
        (Cell(_YES, _LEGACY), Cell(_NO, _OPERATED)),
        "the Operator cannot read it; secrets of definitions that the orchestrator provisions are excepted",
        rules="R81 R95",
        source="S004, WIZ",
    ),
    row(
        "C2",
        StoreKind.AWS,
        _STORE,
        "pod identity, IRSA or a Secret with keys",
        rules="R82 R83 R84",
        source="D-AWS, RHOS",
    ),
    row(
        "C3",
        StoreKind.AZURE,
        _STORE,
        "workload identity: annotation and label",
        rules="R82 R83 R84",
        source="WIZ",
    ),
    row("C4", StoreKind.GOOGLE, _STORE, "workload identity", rules="R82 R83 R84", source="WIZ, MBREF"),
    row(
        "C5",
        StoreKind.VAULT,
        _STORE,
        "at the orchestrator optionally through an Agent",
        rules="R82 R83 R84 R88 R89",
        source="D-VAULT, API",
    ),
    row(
        "C6",
        StoreKind.VAULT_V1,
        (Cell(Verdict.NOT_USED, _LEGACY), Cell(_NO, _OPERATED)),
        "versions of secrets are required",
        rules="R88",
        source="D-VAULT",
    ),
    row(
        "C7",
        StoreKind.KUBERNETES,
        (Cell(Verdict.NOT_USED, _LEGACY), Cell(Verdict.DISCOURAGED, _OPERATED)),
        "needs a made-up primary store to leave legacy",
        rules="R87",
        source="5MIN",
    ),
    row(
        "C8",
        StoreKind.PER_ENVIRONMENT,
        _STORE,
        "manager 0.21.0 or later; the first deployment may miss it, and references cannot name it by placeholders",
        rules="R79 R110",
        source="LIB, T",
    ),
    row("C9", StoreKind.SEVERAL, _STORE, "name the store in every reference", rules="R77", source="S002"),
    row(
        "C10",
        StoreKind.NOT_ON_CLUSTER,
        (Cell(Verdict.NOT_USED, _LEGACY), Cell(_NO, _OPERATED)),
        "the Operator looks it up by name",
        rules="R83",
        source="LIB",
    ),
    row(
        "C11",
        StoreKind.DEFAULT_ON_CLUSTER,
        _STORE,
        "as default store",
        rules="R83 R84",
        source="MBGCP, MBREF",
    ),
    row(
        "C11",
        StoreKind.REFERRED_ON_CLUSTER,
        (Cell(Verdict.NOT_USED, _LEGACY), Cell(Verdict.UNVERIFIED, _OPERATED)),
        "as the store of a reference",
        rules="R83 R84",
        source="MBGCP, MBREF",
    ),
)

DRIVERS = (
    row(
        "D1",
        DriverClass.IN_OPERATOR,
        (*_BOTH, _with_agent(_YES)),
        "with an Operator inside it and without key; an Agent's URL is only passed on",
        rules="",
        source="D-OPI",
    ),
    row(
        "D2",
        DriverClass.HOSTED,
        (*_BOTH, _with_agent(Verdict.UNVERIFIED)),
        "with an Operator if that has its key; with an Agent see B8",
        rules="R64 R55",
        source="D-OPI, D-CDA",
    ),
    row(
        "D3",
        DriverClass.CONTAINER,
        (*_BOTH, _with_agent(_YES)),
        "with an Operator from chart 0.3.11, manager 0.16.10 and Kubernetes 1.29",
        rules="R98",
        source="D-CR",
    ),
    row(
        "D4",
        DriverClass.CONTAINER_RUNNER,
        (*_BOTH, _with_agent(_YES)),
        "on AKS, EKS and GKE; with an Operator the versions of D3",
        rules="R98 R99",
        source="D-CR",
    ),
    row(
        "D5",
        DriverClass.TERRAFORM,
        (*_BOTH, _with_agent(Verdict.NOT_USED)),
        "with an Operator if that has its key; an Agent has no effect",
        rules="R64",
        source="LIB",
    ),
    row(
        "D6",
        DriverClass.TERRAFORM_OWN_CLUSTER,
        (*_BOTH, _with_agent(_YES)),
        "with an Operator if that has its key",
        rules="R94",
        source="MBGCP",
    ),
    row(
        "D7",
        DriverClass.SELF_HOSTED,
        (*_BOTH, _with_agent(_NO)),
        "must be reachable: by the orchestrator in legacy, by the cluster otherwise",
        rules="R97",
        source="S000, D-CDA",
    ),
    row(
        "D8",
        DriverClass.VIRTUAL,
        (
            Cell(Verdict.SAME_AS_TARGET, _LEGACY),
            Cell(Verdict.SAME_AS_TARGET, _OPERATED),
            _with_agent(Verdict.SAME_AS_TARGET),
        ),
        "stands for another driver",
        rules="R97",
        source="API",
    ),
)

TYPES = (
    row(
        "E1",
        Provisioned.CLUSTER,
        _EVERY_MODE,
        "by the orchestrator, in gitops with the Git driver; own secrets in the built-in store, never by reference",
        rules="R91",
        source="S002, WIZ",
    ),
    row(
        "E2",
        Provisioned.NAMESPACE,
        _EVERY_MODE,
        "by the orchestrator; made elsewhere in gitops, where an Echo definition returns its name",
        rules="R72 R91",
        source="S002, LIB",
    ),
    row(
        "E3",
        Provisioned.AGENT,
        _EVERY_MODE,
        "by the orchestrator; in gitops for the runtime cluster only",
        rules="R50 R91",
        source="S002",
    ),
    row(
        "E4",
        Provisioned.LOGGING,
        _EVERY_MODE,
        "by the orchestrator; own secrets as E1",
        rules="R91",
        source="S002, API",
    ),
    row(
        "E5",
        Provisioned.OTHER,
        _EVERY_MODE,
        "by the orchestrator in legacy, else by the Operator; then secrets by reference, not in the built-in store",
        rules="R80 R81",
        source="S002",
    ),
    row(
        "E6",
        Provisioned.DEFAULT_DEFINITION,
        (Cell(_YES, _LEGACY), Cell(Verdict.UNVERIFIED, _OPERATED)),
        "one page excludes them, a newer one does not mention them",
        rules="R95",
        source="S004, MBREF",
    ),
    row(
        "E7",
        Provisioned.WITH_ACCOUNT,
        _BOTH,
        "how the Operator gets the account's credentials is not documented",
        rules="R96",
        source="D-CA",
    ),
)

REFERENCES = (
    row("F1", Reference.AMONG_OTHERS, _BOTH, "", rules="", source="D-RT"),
    row(
        "F2",
        Reference.TO_CLUSTER,
        (Cell(_YES, _LEGACY), Cell(_NO, _OPERATED)),
        "the Operator does not have it",
        rules="R92",
        source="S002",
    ),
    row(
        "F3",
        Reference.TO_LOGGING,
        (Cell(_YES, _LEGACY), Cell(_NO, _OPERATED)),
        "the Operator does not have it",
        rules="R92",
        source="S002",
    ),
    row(
        "F4",
        Reference.TO_NAMESPACE,
        (Cell(_YES, _LEGACY), Cell(Verdict.DISCOURAGED, _OPERATED)),
        "documented as unsupported, used by the vendor",
        rules="R93",
        source="S002 against RHOS, MBREF",
    ),
    row(
        "F5",
        Reference.TO_AGENT_OF_RUNNER,
        (Cell(_YES, _LEGACY), Cell(Verdict.DISCOURAGED, _OPERATED)),
        "documented as unsupported, used by the vendor: allowed with a warning",
        rules="R94",
        source="S002 against LIB, WIZ",
    ),
    row(
        "F6",
        Reference.TO_AGENT,
        (Cell(Verdict.DISCOURAGED, _LEGACY, enforced_by=Enforcement.NOTHING), Cell(_NO, _OPERATED)),
        "the Operator does not have it",
        rules="R94",
        source="S002",
    ),
    row("F7", Reference.CLUSTER_TO_AGENT, _BOTH, "the way to use an Agent", rules="R53", source="S000, LIB"),
    row(
        "F8",
        Reference.GIT_TO_AGENT,
        (Cell(_NO, _GITOPS),),
        "the Agent does not carry Git",
        rules="R68",
        source="S000",
    ),
    row("F9", Reference.FREE_OF_SECRETS, _BOTH, "", rules="R91", source="S002 (by contrast)"),
    row(
        "F10",
        Reference.LEADING_TO_SECRET,
        (Cell(_NO, _OPERATED),),
        "only the Operator can read the secret, and the orchestrator provisions first",
        rules="R91",
        source="S002",
    ),
    row(
        "F11",
        Reference.SECRET_IN_OPT,
        (Cell(_NO, _OPERATED),),
        "follows from F10",
        rules="R91",
        source="S002, X",
    ),
    row(
        "F12",
        Reference.SECRET_ANYWHERE,
        (Cell(_NO, _LEGACY), Cell(_YES, _OPERATED)),
        "resolved by the Operator, so outside the types of the orchestrator",
        rules="R80",
        source="D-SR",
    ),
    row(
        "F13",
        Reference.OPEN_SECRET,
        (Cell(_NO, _LEGACY), Cell(_NO, _OPERATED)),
        "secret references are taken as they stand",
        rules="R79",
        source="LIB",
    ),
)

ROWS = (*STORES, *DRIVERS, *TYPES, *REFERENCES)
