"""Rules about references to resources that the orchestrator provisions (compatibility rules, table F): R92 to R94."""

from collections.abc import Callable, Iterator

from reconciler.facts.agent_input import is_for_runner
from reconciler.facts.definition import AGENT_TYPE, NAMESPACE_TYPE
from reconciler.facts.deployment_mode import known_mode
from reconciler.facts.orchestrator_use import CLUSTERS, Use, uses_of
from reconciler.facts.reference_graph import spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.json import dotted
from reconciler.rules.over import Over, of_definition
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode


def _references_to(*types: str) -> Over[Subject[Use]]:
    def found(scope: Scope) -> Iterator[Subject[Use]]:
        for use in uses_of(scope, types):
            if use.member.declared:
                yield of_definition(scope, use.member.declared, use, use.ask.path)

    return Over(f"reference to {' or '.join(types)}", found)


def _under_operator(
    say: Callable[[Subject[Use], Mode], Iterator[Answer]],
) -> Callable[[Subject[Use]], Iterator[Answer]]:
    def check(subject: Subject[Use]) -> Iterator[Answer]:
        mode = known_mode(subject.scope, subject.fact.member)
        if mode is not Mode.LEGACY:
            yield from say(subject, mode)

    return check


def _way(subject: Subject[Use]) -> str:
    graph, (member, ask) = subject.scope.references, subject.fact
    ends = (end.member for start in graph.starts(member) for end in graph.winning(start.request(ask)))
    return spelled((member, next(ends, ask.name)))


def _no_cluster(subject: Subject[Use], mode: Mode) -> Iterator[Answer]:
    member, ask = subject.fact
    yield subject.says(
        f"Definition `{member.id}` cannot refer to a `{ask.type}` in {mode} ({_way(subject)})",
        advice="Put the values into a `config` definition, and refer to that.",
    )


def _no_namespace(subject: Subject[Use], mode: Mode) -> Iterator[Answer]:
    member, ask = subject.fact
    yield subject.says(
        f"Definition `{member.id}` refers to a `{ask.type}` in {mode} ({_way(subject)}), which is "
        "documented as unsupported but has been seen to work",
        advice="Take the namespace's name from a `config` definition instead.",
    )


def _no_agent(subject: Subject[Use], mode: Mode) -> Iterator[Answer]:
    member, ask = subject.fact
    if is_for_runner(subject.scope, member, ask):
        yield subject.says(
            f"Definition `{member.id}` refers to an agent for a runner's cluster in {mode} ({_way(subject)}), "
            "which is documented as unsupported but used by the vendor",
            advice="If it works, keep it and switch the rule off for the object with that reason.",
            severity=Severity.WARNING,
        )
        return
    yield subject.says(
        f"Definition `{member.id}` cannot refer to an agent here: in {mode} the Operator provisions the definition "
        f"({_way(subject)}, `{dotted(ask.path)}`)",
        advice="Set `agent_url` on the cluster definition, in the `config` of a runner, or on a container or Terraform "
        "driver that runs in its own cluster.",
    )


RULES = (
    Rule(
        id="R92",
        title="Nothing that the Operator provisions refers to a cluster or to logging",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=_references_to(*CLUSTERS),
        check=_under_operator(_no_cluster),
    ),
    Rule(
        id="R93",
        title="Nothing that the Operator provisions refers to a namespace",
        severity=Severity.WARNING,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.LIVE),
        over=_references_to(NAMESPACE_TYPE),
        check=_under_operator(_no_namespace),
    ),
    Rule(
        id="R94",
        title="Nothing that the Operator provisions refers to an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.LIVE),
        over=_references_to(AGENT_TYPE),
        check=_under_operator(_no_agent),
    ),
)
