"""Tables B, G, H and I of the matrix: what the Agent carries, where things run, their keys, how they stand together."""

from reconciler.matrix.row import Cell, Column, Enforcement, Host, KeyTrait, Topology, Traffic, Verdict, row
from reconciler.settings import Mode

_LEGACY = frozenset((Mode.LEGACY,))
_DIRECT = frozenset((Mode.DIRECT,))
_YES, _NO = Verdict.SUPPORTED, Verdict.UNSUPPORTED
_SUPPORTED = (Cell(_YES),)
_UNSUPPORTED = (Cell(_NO),)
_IN_CLUSTER_ONLY = tuple(
    Cell(_NO, column=column, enforced_by=Enforcement.FORMAT) for column in (Column.OPERATOR, Column.RUNNER)
)


def _for(column: Column, verdict: Verdict, enforced_by: Enforcement = Enforcement.RULES) -> Cell:
    return Cell(verdict, column=column, enforced_by=enforced_by)


TRAFFIC = (
    row(
        "B1",
        Traffic.CLUSTER_API,
        (Cell(_YES, _LEGACY),),
        "the main use",
        rules="R52 R53 R54",
        source="S000, LIB, 5MIN",
    ),
    row(
        "B2",
        Traffic.CLUSTER_API,
        (Cell(_YES, _DIRECT),),
        "the same custom resources, through the tunnel",
        rules="R52 R53 R54",
        source="S000",
    ),
    row("B3", Traffic.GIT, _UNSUPPORTED, "the Agent does not carry Git", rules="R68", source="S000"),
    row(
        "B4",
        Traffic.PRIVATE_GIT,
        _UNSUPPORTED,
        "the orchestrator pushes from outside; use legacy or direct instead",
        rules="R75",
        source="S000",
    ),
    row(
        "B5",
        Traffic.RUNTIME_DATA,
        _SUPPORTED,
        "an ordinary cluster definition beside the Git one",
        rules="R71",
        source="LIB",
    ),
    row(
        "B6",
        Traffic.RUNNER_JOB,
        _SUPPORTED,
        "the hosted driver reaches the cluster for its Job",
        rules="R94 R98 R99",
        source="LIB, MBGCP, D-CR",
    ),
    row(
        "B7",
        Traffic.VAULT,
        _SUPPORTED,
        "`vault.agent_id` of the registration",
        rules="R89",
        source="API, TFP",
    ),
    row(
        "B8",
        Traffic.OTHER_DRIVER,
        (Cell(Verdict.UNVERIFIED),),
        "the overview calls it unfinished; look for `agent_url` in the driver's inputs schema",
        rules="R55",
        source="S000",
    ),
    row(
        "B9",
        Traffic.SELF_HOSTED_DRIVER,
        _UNSUPPORTED,
        "the tunnel is between Humanitec and you",
        rules="R97",
        source="S000",
    ),
    row(
        "B10",
        Traffic.ORGANIZATIONS,
        _SUPPORTED,
        "register and rotate in each",
        rules="R05 R23",
        source="S000",
    ),
    row("B11", Traffic.REPLICAS, _SUPPORTED, "a fixed number", rules="R30 R38 R39", source="S000, S001"),
    row(
        "B12",
        Traffic.OTHER_NETWORK,
        _UNSUPPORTED,
        "the Agent forwards, it does not route",
        rules="R49",
        source="S000, D-SEC",
    ),
    row(
        "B13",
        Traffic.WORKLOAD,
        _UNSUPPORTED,
        "an indirect type: workloads cannot depend on it",
        rules="R57",
        source="S000, D-RT",
    ),
)

HOSTS = (
    row(
        "G1",
        Host.OWN_NAMESPACE,
        (_for(Column.AGENT, _YES), _for(Column.OPERATOR, _YES), _for(Column.RUNNER, _YES)),
        "",
        rules="",
        source="S001, S002, S003",
    ),
    row(
        "G2",
        Host.SHARED_NAMESPACE,
        (_for(Column.AGENT, Verdict.DISCOURAGED), _for(Column.OPERATOR, Verdict.DISCOURAGED)),
        "separate namespaces are advised",
        rules="R28",
        source="S000",
    ),
    row(
        "G3",
        Host.OPENSHIFT,
        (
            _for(Column.AGENT, _YES),
            _for(Column.OPERATOR, _YES),
            _for(Column.RUNNER, Verdict.UNVERIFIED, Enforcement.NOTHING),
        ),
        "the Agent's fixed user id needs a fitting security constraint",
        rules="R43",
        source="OCP, RHOS",
    ),
    row(
        "G4",
        Host.DOCKER,
        (_for(Column.AGENT, _YES), *_IN_CLUSTER_ONLY),
        "Operator and runner act through Kubernetes",
        rules="R32",
        source="S001",
    ),
    row(
        "G5",
        Host.AZURE_CONTAINER_INSTANCES,
        (_for(Column.AGENT, _YES), *_IN_CLUSTER_ONLY),
        "Operator and runner act through Kubernetes",
        rules="R29",
        source="S001",
    ),
    row(
        "G6",
        Host.REQUEST_DRIVEN,
        (_for(Column.AGENT, _NO), *_IN_CLUSTER_ONLY),
        "there is no listener",
        rules="R29",
        source="S001",
    ),
    row(
        "G7",
        Host.AUTOSCALED,
        (_for(Column.AGENT, Verdict.DISCOURAGED),),
        "transfers are cut",
        rules="R30",
        source="S001",
    ),
    row(
        "G8",
        Host.ELSEWHERE,
        (_for(Column.AGENT, _YES), *_IN_CLUSTER_ONLY),
        "the Agent can live anywhere",
        rules="R49",
        source="S000",
    ),
    row(
        "G9",
        Host.NO_EGRESS,
        (
            _for(Column.AGENT, _NO),
            _for(Column.OPERATOR, _NO, Enforcement.NOTHING),
            _for(Column.RUNNER, _NO, Enforcement.NOTHING),
        ),
        "each of them calls out; of the Operator its calls to hosted drivers",
        rules="R40",
        source="S001, S003",
    ),
)

KEYS = (
    row(
        "H1",
        KeyTrait.RSA,
        (_for(Column.AGENT, _YES), _for(Column.OPERATOR, _YES), _for(Column.RUNNER, _NO)),
        "without passphrase",
        rules="R12 R13 R17",
        source="S001, API, CP",
    ),
    row(
        "H2",
        KeyTrait.SHORT_RSA,
        (_for(Column.AGENT, _NO), _for(Column.OPERATOR, _NO), _for(Column.RUNNER, _NO)),
        "4096 bits are the least; runners take no RSA at all",
        rules="R13 R17",
        source="API",
    ),
    row(
        "H3",
        KeyTrait.ED25519,
        (_for(Column.AGENT, _NO), _for(Column.OPERATOR, _NO), _for(Column.RUNNER, _YES)),
        "only the agent before 2024 took it",
        rules="R12 R17",
        source="CP, DEMO-AWS",
    ),
    row(
        "H4",
        KeyTrait.PASSPHRASE,
        (_for(Column.AGENT, _NO), _for(Column.OPERATOR, _NO), _for(Column.RUNNER, _NO)),
        "nobody is there to type it",
        rules="R11",
        source="S001",
    ),
    row(
        "H5",
        KeyTrait.SEVERAL,
        (_for(Column.AGENT, _YES), _for(Column.OPERATOR, _YES), _for(Column.RUNNER, _NO, Enforcement.FORMAT)),
        "a runner has one key",
        rules="R24",
        source="S000, API, CP",
    ),
    row(
        "H6",
        KeyTrait.TWO_AGENTS,
        (_for(Column.AGENT, _NO),),
        "a key stands for one Agent",
        rules="R15",
        source="S000",
    ),
    row(
        "H7",
        KeyTrait.SEVERAL_ORGANIZATIONS,
        (_for(Column.AGENT, _YES),),
        "register it in each",
        rules="R05",
        source="S000",
    ),
    row(
        "H8",
        KeyTrait.AGENT_AND_OPERATOR,
        (_for(Column.AGENT, Verdict.DISCOURAGED), _for(Column.OPERATOR, Verdict.DISCOURAGED)),
        "a leak or a rotation hits both",
        rules="R16",
        source="DEMO-EKS",
    ),
    row(
        "H9",
        KeyTrait.PRIVATE_IN_GIT,
        (_for(Column.AGENT, _NO), _for(Column.OPERATOR, _NO), _for(Column.RUNNER, _NO)),
        "whoever reads the repository has it",
        rules="R10 R19",
        source="S001, X",
    ),
)

TOPOLOGY = (
    row("I1", Topology.ONE_ORGANIZATION, _SUPPORTED, "they are independent", rules="", source="S000"),
    row("I2", Topology.ONE_CLUSTER, _SUPPORTED, "in separate namespaces", rules="R28", source="S000"),
    row(
        "I3",
        Topology.TWO_OPERATORS,
        _UNSUPPORTED,
        "both act on the same custom resources",
        rules="R59",
        source="S002",
    ),
    row(
        "I4",
        Topology.TWO_ORGANIZATIONS,
        _UNSUPPORTED,
        "its Secret holds one organization id",
        rules="R58",
        source="X",
    ),
    row(
        "I5",
        Topology.NO_OPERATOR,
        _UNSUPPORTED,
        "nobody acts on the custom resources",
        rules="R61",
        source="S002",
    ),
    row(
        "I6",
        Topology.IDLE_OPERATOR,
        (Cell(Verdict.DISCOURAGED),),
        "harmless; it has nothing to do",
        rules="R62",
        source="X",
    ),
    row(
        "I7",
        Topology.DIRECT_AND_GITOPS,
        _SUPPORTED,
        "the driver decides for each target",
        rules="R60",
        source="LIB, RHOS",
    ),
    row("I8", Topology.LEGACY_AND_DIRECT, _UNSUPPORTED, "one switch for all", rules="R60 R63", source="WIZ"),
    row("I9", Topology.SEVERAL_CLUSTERS, _SUPPORTED, "if it reaches them", rules="R49", source="S000"),
    row(
        "I10",
        Topology.AGENT_AND_RUNNER,
        _SUPPORTED,
        "they have nothing to do with each other",
        rules="R108",
        source="X",
    ),
)

ROWS = (*TRAFFIC, *HOSTS, *KEYS, *TOPOLOGY)
