"""The rule about clusters that only an Agent reaches (compatibility rules, Agent definition): R56."""

from collections.abc import Iterator

from reconciler.facts.agent_input import uses_agent
from reconciler.facts.definition import CLUSTER_TYPE
from reconciler.facts.git_target import is_git_target
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_SHOWN = 3


def _reachable(scope: Scope) -> Iterator[Finding | Unknown]:
    untold: list[str] = []
    for definition in scope.of_type(CLUSTER_TYPE):
        is_git = is_git_target(definition)
        if is_git:
            continue
        name = scope.cluster_of(definition)
        facts = scope.cluster_facts(name)
        is_public = None if facts is None else facts.apiServer.public
        if is_public or uses_agent(definition):
            continue
        if is_public is None:
            untold.append(definition.id)
        elif is_git is None:
            yield Unknown(
                "R56",
                f"cluster `{name}` is private, and whether `{definition.id}` deploys to it or to Git is known at "
                "deployment only",
            )
        else:
            yield Finding(
                "R56",
                Severity.ERROR,
                f"Cluster `{name}` is private and no Agent is set: `{definition.id}` would contact an API server "
                "that the orchestrator cannot reach",
                definition.origin(("driver_inputs",)),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice="Add `secrets: {agent_url: ${resources['agent.default#agent'].outputs.url}}`, with an agent "
                "definition that matches there.",
            )
    if untold:
        names = listed(untold, most=_SHOWN)
        yield Unknown(
            "R56",
            "the settings do not say whether the orchestrator reaches the API servers of the clusters of "
            f"{names}, which use no Agent; set `clusters.<name>.apiServer.public`",
        )


RULES = (
    Rule(
        id="R56",
        title="A private cluster is reached through an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_reachable,
    ),
)
