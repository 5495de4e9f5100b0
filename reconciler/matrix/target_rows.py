"""Table A of the matrix: mode, Agent on the deployment cluster, primary secret store."""

from reconciler.matrix.row import Cell, DeploymentTarget, Row, StoreClass, Verdict
from reconciler.settings import Mode

_EXTERNAL = "an external primary store puts the organization in direct"
_STAYS = "the organization stays in legacy, the Operator gets no work"
_ANY = "plain values go to the primary store, references to any registered store"
_REFERENCES = "the orchestrator cannot store plain values; every secret must be `store` and `ref`"
_STAND_IN = (
    "seen only in vendor tutorials, one of which calls it a hack; plain values would go to a store that does "
    "not exist"
)
_NO_GIT_TUNNEL = (
    "no cluster is contacted for the deployment, and the Agent cannot carry Git traffic; the runtime cluster may "
    "use one (B5)"
)
_NEEDS_OPERATOR = "GitOps rests on the Operator; rendered Secrets would go to Git"
_API = "; the API server must be reachable"
_TUNNEL = "; custom resources travel through the tunnel"
_HOST = "; the Git host must be reachable"


def _row(  # noqa: PLR0917  columns of a table
    name: str, text: str, verdict: Verdict, why: str, rules: tuple[str, ...], source: str
) -> Row:
    """Make a row of its mode, `agent` or `no agent`, and class of the store."""
    mode, agent, store = text.split(", ")
    subject = DeploymentTarget(Mode(mode), agent == "agent", StoreClass[store])
    words = f"{subject.mode}, {'with an Agent' if subject.has_agent else 'without Agent'}, {store} ({subject.store})"
    return Row(name, subject, words, (Cell(verdict, frozenset((subject.mode,))),), why, rules, source)


ROWS = (
    _row(
        "A1",
        "legacy, no agent, P0",
        Verdict.SUPPORTED,
        "the API server must be reachable from the orchestrator's source addresses; otherwise use the Agent",
        ("R56",),
        "S000, S002",
    ),
    _row("A2", "legacy, no agent, P1", Verdict.UNSUPPORTED, _EXTERNAL, ("R60", "R85"), "WIZ, 5MIN, D-ARCH"),
    _row("A3", "legacy, no agent, P2", Verdict.UNSUPPORTED, _EXTERNAL, ("R60", "R85"), "WIZ, 5MIN, D-ARCH"),
    _row("A4", "legacy, no agent, P3", Verdict.UNSUPPORTED, _EXTERNAL, ("R60", "R85"), "WIZ, 5MIN, D-ARCH"),
    _row(
        "A5",
        "legacy, agent, P0",
        Verdict.SUPPORTED,
        "traffic takes the tunnel, nothing else changes",
        ("R51", "R52"),
        "S000, S002",
    ),
    _row("A6", "legacy, agent, P1", Verdict.UNSUPPORTED, _EXTERNAL, ("R60", "R85"), "WIZ, 5MIN, D-ARCH"),
    _row("A7", "legacy, agent, P2", Verdict.UNSUPPORTED, _EXTERNAL, ("R60", "R85"), "WIZ, 5MIN, D-ARCH"),
    _row("A8", "legacy, agent, P3", Verdict.UNSUPPORTED, _EXTERNAL, ("R60", "R85"), "WIZ, 5MIN, D-ARCH"),
    _row("A9", "direct, no agent, P0", Verdict.UNSUPPORTED, _STAYS, ("R60", "R62"), "S000, S002, API"),
    _row("A10", "direct, no agent, P1", Verdict.SUPPORTED, _ANY + _API, ("R56",), "S000, S002, API"),
    _row(
        "A11",
        "direct, no agent, P2",
        Verdict.REFERENCES_ONLY,
        _REFERENCES + _API,
        ("R86", "R56"),
        "S000, S002, API",
    ),
    _row(
        "A12",
        "direct, no agent, P3",
        Verdict.DISCOURAGED,
        _STAND_IN + _API,
        ("R87", "R86", "R56"),
        "5MIN, MBREF",
    ),
    _row("A13", "direct, agent, P0", Verdict.UNSUPPORTED, _STAYS, ("R60", "R62"), "S000, S002, API"),
    _row("A14", "direct, agent, P1", Verdict.SUPPORTED, _ANY + _TUNNEL, ("R51", "R52"), "S000, S002, API"),
    _row(
        "A15",
        "direct, agent, P2",
        Verdict.REFERENCES_ONLY,
        _REFERENCES + _TUNNEL,
        ("R86", "R51", "R52"),
        "S000, S002, API",
    ),
    _row(
        "A16",
        "direct, agent, P3",
        Verdict.DISCOURAGED,
        _STAND_IN + _TUNNEL,
        ("R87", "R86", "R51", "R52"),
        "5MIN, MBREF",
    ),
    _row("A17", "gitops, no agent, P0", Verdict.UNSUPPORTED, _NEEDS_OPERATOR, ("R70",), "S000, S002, LIB"),
    _row("A18", "gitops, no agent, P1", Verdict.SUPPORTED, _ANY + _HOST, ("R69", "R75"), "S000, S002, LIB"),
    _row(
        "A19",
        "gitops, no agent, P2",
        Verdict.REFERENCES_ONLY,
        _REFERENCES + _HOST,
        ("R86", "R69", "R75"),
        "S000, S002, LIB",
    ),
    _row(
        "A20",
        "gitops, no agent, P3",
        Verdict.DISCOURAGED,
        _STAND_IN + _HOST,
        ("R87", "R86", "R69", "R75"),
        "5MIN, MBREF",
    ),
    _row("A21", "gitops, agent, P0", Verdict.UNSUPPORTED, _NEEDS_OPERATOR, ("R70", "R68"), "S000, S002, LIB"),
    _row("A22", "gitops, agent, P1", Verdict.UNSUPPORTED, _NO_GIT_TUNNEL, ("R68",), "S000, S002, LIB"),
    _row("A23", "gitops, agent, P2", Verdict.UNSUPPORTED, _NO_GIT_TUNNEL, ("R68",), "S000, S002, LIB"),
    _row("A24", "gitops, agent, P3", Verdict.UNSUPPORTED, _NO_GIT_TUNNEL, ("R68",), "S000"),
)
"""A1 to A24."""
