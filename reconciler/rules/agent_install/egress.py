"""The rule about the way out of an Agent's network: R40 (agent and operator 2.15; Kubernetes, Network Policies)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from reconciler.facts.agent_installation import AGENT, NAME_LABEL, named, namespace_of, on_clusters
from reconciler.facts.agent_manifest import DEPLOYMENT, is_agent, text_at
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import is_object
from reconciler.facts.network_policy import GROUP, HTTPS, NETWORK_POLICY, Way, limits, selects, way_out
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_KINDS = ("NetworkPolicy", "ClusterwideNetworkPolicy")
_INSTANCE_LABEL = "app.kubernetes.io/instance"
_LABELS = {NAME_LABEL: AGENT, _INSTANCE_LABEL: AGENT}
_ENDPOINT = "agent-01.humanitec.io"


def _reachable(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed, cluster in on_clusters(scope):
        yield from _on_cluster(scope, installed, cluster)
    yield from _in_tree(scope)


def _on_cluster(scope: Scope, installed: InstalledAgent, cluster: str) -> Iterator[Finding | Unknown]:
    state = scope.cluster_state(cluster)
    policies = None if state is None else state.of(*NETWORK_POLICY)
    if state is None or policies is None:
        unseen = scope.unseen(cluster, " ".join(NETWORK_POLICY))
        yield Unknown("R40", f"whether Agent `{installed.id}` may call out on port {HTTPS}: {unseen}", unseen)
        return
    namespace = namespace_of(installed.install)
    labels: Mapping[str, Json] = _LABELS
    for deployment in state.of(*DEPLOYMENT) or ():
        found = dig(deployment.body, "spec", "template", "metadata", "labels")
        if deployment.namespace == namespace and is_agent(deployment.body) and isinstance(found, dict):
            labels = found
    limiting = [policy for policy in policies if policy.namespace == namespace and limits(policy.body)]
    names = listed(p.name for p in limiting if selects(p.body, labels) is not False)
    way = way_out([policy.body for policy in limiting], labels)
    if way is Way.CLOSED and not _has_other_policies(scope):
        yield Finding(
            "R40",
            Severity.ERROR,
            f"{named(installed)} cannot reach its tunnel endpoint: network policy {names} in namespace `{namespace}` "
            f"lets no traffic out to {_ENDPOINT} on port {HTTPS}",
            installed.origin(("cluster",)),
            key=scope.key(Kind.AGENT, installed.id),
            advice=f"Add a policy that allows egress on TCP {HTTPS} to anywhere, and DNS.",
        )
    elif way is not Way.OPEN:
        reason = f"whether {_ENDPOINT} is among what network policy {names} on `{cluster}` allows"
        yield Unknown("R40", reason)


def _in_tree(scope: Scope) -> Iterator[Finding | Unknown]:
    """Policies of one namespace add up; only those that name the Agent's label are certain to be about it."""
    by_namespace = defaultdict(list)
    for foreign in scope.everything.foreign:
        if is_object(foreign, *NETWORK_POLICY) and limits(foreign.raw):
            by_namespace[text_at(foreign.raw, "metadata", "namespace")].append(foreign)
    for policies in by_namespace.values():
        about = [policy for policy in policies if _names_agent(policy.raw)]
        way = way_out([policy.raw for policy in policies], _LABELS) if about else Way.OPEN
        for policy in about:
            name = f"Network policy `{text_at(policy.raw, 'metadata', 'name')}`"
            if way is Way.CLOSED and not _has_other_policies(scope):
                yield Finding(
                    "R40",
                    Severity.ERROR,
                    f"{name} keeps the Agent from its tunnel endpoint: no traffic to {_ENDPOINT} on port {HTTPS} "
                    "may leave",
                    policy.origin(("spec", "egress")),
                    advice=f"Allow egress on TCP {HTTPS} to anywhere, and DNS.",
                )
            elif way is not Way.OPEN:
                yield Unknown(
                    "R40",
                    f"whether {_ENDPOINT} is among what network policies, that at {policy.origin()} among them, allow",
                )


def _has_other_policies(scope: Scope) -> bool:
    """True where the tree has policies of a network plug-in: they may let out what the others do not."""
    return any(
        str(foreign.raw.get("kind")).endswith(_KINDS)
        and not is_object(foreign, f"{GROUP}/", NETWORK_POLICY[1])
        for foreign in scope.everything.foreign
    )


def _names_agent(policy: JsonObject) -> bool:
    selector = dig(policy, "spec", "podSelector")
    return dig(selector, "matchLabels", NAME_LABEL) == AGENT and not dig(selector, "matchExpressions")


RULES = (
    Rule(
        id="R40",
        title="An Agent can call its tunnel endpoint",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_reachable,
    ),
)
