"""Rules about references to what the orchestrator provisions (compatibility rules, table F): R92, R93, R94."""

from collections.abc import Callable, Iterator
from functools import partial

from reconciler.facts.asking import AGENT_URL, Ask, Member
from reconciler.facts.definition import (
    AGENT_TYPE,
    CLUSTER_TYPE,
    CONFIGURATION_TYPE,
    LOGGING_TYPE,
    NAMESPACE_TYPE,
    ORCHESTRATOR_TYPES,
)
from reconciler.facts.deployment_mode import with_operator
from reconciler.facts.driver import driver_classes
from reconciler.facts.reference_graph import spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import dotted
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Check, Confidence, Rule, Side
from reconciler.settings import Mode
from reconciler.vendor.driver import DriverClass

_WITH_CLUSTER_OF_THEIR_OWN = (
    DriverClass.CONTAINER,
    DriverClass.CONTAINER_RUNNER,
    DriverClass.TERRAFORM,
    DriverClass.TERRAFORM_OWN_CLUSTER,
)


def _references_to(
    rule: str, types: tuple[str, ...], found: Callable[..., Iterator[Finding]]
) -> Check[Scope]:
    def check(scope: Scope) -> Iterator[Finding | Unknown]:
        for name in types:
            for member, ask in scope.references.asking_for(name):
                if member.declared is None or ask.reference is None or member.type in ORCHESTRATOR_TYPES:
                    continue
                yield from with_operator(rule, scope, member, partial(found, scope, member, ask))

    return check


def _way(scope: Scope, member: Member, ask: Ask) -> str:
    graph = scope.references
    ends = (end.member for start in graph.starts(member) for end in graph.winning(start.request(ask)))
    return spelled((member, next(ends, ask.name)))


def _no_cluster(scope: Scope, member: Member, ask: Ask, mode: Mode) -> Iterator[Finding]:
    yield Finding(
        "R92",
        Severity.ERROR,
        f"Definition `{member.id}` cannot reference a `{ask.type}` in {mode} ({_way(scope, member, ask)})",
        _place(member, ask),
        key=scope.key(Kind.DEFINITION, member.id),
        advice="Let a `config` definition carry the values that are needed, and refer to that.",
    )


def _no_namespace(scope: Scope, member: Member, ask: Ask, mode: Mode) -> Iterator[Finding]:
    yield Finding(
        "R93",
        Severity.WARNING,
        f"Definition `{member.id}` references a `{ask.type}` in {mode} ({_way(scope, member, ask)}), which is "
        "documented as unsupported and was seen working",
        _place(member, ask),
        key=scope.key(Kind.DEFINITION, member.id),
        advice="Prefer the namespace's name from a `config` definition.",
    )


def _no_agent(scope: Scope, member: Member, ask: Ask, mode: Mode) -> Iterator[Finding]:
    is_runners = _is_runners(scope, member, ask)
    yield Finding(
        "R94",
        Severity.WARNING if is_runners else Severity.ERROR,
        f"Definition `{member.id}` references an agent for a runner's cluster in {mode} ({_way(scope, member, ask)}), "
        "which is documented as unsupported and done by the vendor"
        if is_runners
        else f"Definition `{member.id}` cannot reference an agent here: in {mode} the Operator provisions it "
        f"({_way(scope, member, ask)}, `{dotted(ask.path)}`)",
        _place(member, ask),
        key=scope.key(Kind.DEFINITION, member.id),
        advice="Keep it if it works, and switch the rule off for the object with that reason."
        if is_runners
        else "Set `agent_url` on the cluster definition, in the `config` of a runner, or on a container or Terraform "
        "driver that runs in a cluster of its own.",
    )


def _is_runners(scope: Scope, member: Member, ask: Ask) -> bool:
    if AGENT_URL not in ask.path:
        return False
    if member.type == CONFIGURATION_TYPE:
        return True
    assert member.declared is not None
    classes = driver_classes(member.declared, scope.surroundings.drivers)
    return classes is not None and classes[-1] in _WITH_CLUSTER_OF_THEIR_OWN


def _place(member: Member, ask: Ask) -> Origin:
    assert member.declared is not None
    return member.declared.origin(ask.path)


RULES = (
    Rule(
        id="R92",
        title="Nothing that the Operator provisions refers to a cluster or to logging",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_references_to("R92", (CLUSTER_TYPE, LOGGING_TYPE), _no_cluster),
    ),
    Rule(
        id="R93",
        title="Nothing that the Operator provisions refers to a namespace",
        severity=Severity.WARNING,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_references_to("R93", (NAMESPACE_TYPE,), _no_namespace),
    ),
    Rule(
        id="R94",
        title="Nothing that the Operator provisions refers to an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_references_to("R94", (AGENT_TYPE,), _no_agent),
    ),
)
