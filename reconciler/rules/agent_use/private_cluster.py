"""The rule about clusters that only an Agent can reach (compatibility rules, Agent definition): R56."""

from collections.abc import Iterator

from reconciler.facts.agent_input import unread_agent_texts, uses_agent
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.git_target import is_git_target, mode_path
from reconciler.model.finding import Severity
from reconciler.model.unseen import UnseenError, never_read, unspecified
from reconciler.rules.over import CLUSTER_DEFINITIONS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _reachable(cluster: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    scope, definition = cluster.scope, cluster.fact
    is_git, name = is_git_target(definition), scope.cluster_of(definition)
    facts = scope.cluster_facts(name)
    is_public = None if facts is None else facts.apiServer.public
    if is_git or is_public or uses_agent(definition):
        return
    if is_public is None:
        raise UnseenError(
            unspecified(
                "no Agent is used, and the settings do not say whether the orchestrator can reach the API server; set "
                "`clusters.<name>.apiServer.public`"
            )
        )
    unread = next(unread_agent_texts(definition), None)
    if is_git is None or unread is not None:
        path = unread or mode_path(definition)
        yield cluster.doubts(
            f"whether {cluster.name} reaches private cluster `{name}` through an Agent, or deploys to Git",
            never_read(f"that is known only at deployment ({definition.origin(path)})"),
        )
        return
    yield cluster.says(
        f"Cluster `{name}` is private but no Agent is set: `{definition.id}` would connect to an API server "
        "that the orchestrator cannot reach",
        at=definition.origin(("driver_inputs",)),
        others=(scope.settings.origin("clusters", name or "", "apiServer", "public"),),
        advice="Add `secrets: {agent_url: ${resources['agent.default#agent'].outputs.url}}`, with a matching agent "
        "definition; or open the API server to the orchestrator's addresses and set "
        f"`clusters.{name}.apiServer.public: true`.",
    )


RULES = (
    Rule(
        id="R56",
        title="A private cluster is reached through an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=CLUSTER_DEFINITIONS,
        check=_reachable,
    ),
)
