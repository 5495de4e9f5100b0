"""The rule about egress from an Agent's network: R40 (agent and operator 2.15; Kubernetes, Network Policies)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reconciler.facts.agent_installation import AGENT, NAME_LABEL, is_on_kubernetes, namespace_of
from reconciler.facts.agent_manifest import DEPLOYMENT, agent_deployments, is_agent, text_at
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import is_object
from reconciler.facts.network_policy import GROUP, HTTPS, NETWORK_POLICY, Way, limits, selects, way_out
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Foreign
from reconciler.model.finding import Severity
from reconciler.model.json import Json, JsonObject
from reconciler.model.unseen import unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import AGENTS_ON_CLUSTERS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

F = TypeVar("F")

_KINDS = ("NetworkPolicy", "ClusterwideNetworkPolicy")
_INSTANCE_LABEL = "app.kubernetes.io/instance"
_LABELS = {NAME_LABEL: AGENT, _INSTANCE_LABEL: AGENT}
_ENDPOINT = "agent-01.humanitec.io"


@dataclass(frozen=True, slots=True)
class _Policies:
    """Policies of one namespace in the tree that limit egress; `about` are those that apply to an Agent."""

    every: tuple[Foreign, ...]
    about: tuple[Foreign, ...]


def _policies(scope: Scope) -> Iterator[Subject[_Policies]]:
    by_namespace: dict[str, list[Foreign]] = defaultdict(list)
    for foreign in scope.everything.foreign:
        if is_object(foreign, *NETWORK_POLICY) and limits(foreign.raw):
            by_namespace[text_at(foreign.raw, "metadata", "namespace")].append(foreign)
    for namespace, found in by_namespace.items():
        has_agent = namespace in _namespaces_with_agent(scope)
        about = [policy for policy in found if _is_about_agent(policy.raw, has_agent=has_agent)]
        if about:
            names = listed(text_at(policy.raw, "metadata", "name") for policy in about)
            fact = _Policies(tuple(found), tuple(about))
            yield Subject(fact, scope, names, about[0].origin(("spec", "egress")))


POLICIES = Over("network policies of an Agent", _policies)


def _namespaces_with_agent(scope: Scope) -> set[str]:
    declared = (one.install for one in scope.all_agent_installs)
    found = {namespace_of(install) for install in declared if is_on_kubernetes(install)}
    return (found | {deployment.namespace for deployment in agent_deployments(scope)}) - {""}


def _is_about_agent(policy: JsonObject, *, has_agent: bool) -> bool:
    """True for policies that select the Agent's label, and, in a namespace with an Agent, for those of all pods."""
    selector = dig(policy, "spec", "podSelector")
    if dig(selector, "matchExpressions"):
        return False
    labels = dig(selector, "matchLabels")
    return dig(labels, NAME_LABEL) == AGENT or (has_agent and not labels)


def _open_on_cluster(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    cluster, namespace = subject.fact.install.cluster, namespace_of(subject.fact.install)
    policies = subject.seen.objects(cluster, *NETWORK_POLICY)
    labels: Mapping[str, Json] = _LABELS
    for deployment in subject.seen.cluster(cluster).of(*DEPLOYMENT) or ():
        found = dig(deployment.body, "spec", "template", "metadata", "labels")
        if deployment.namespace == namespace and is_agent(deployment.body) and isinstance(found, dict):
            labels = found
    limiting = [policy for policy in policies if policy.namespace == namespace and limits(policy.body)]
    names = listed(p.name for p in limiting if selects(p.body, labels) is not False)
    way = way_out([policy.body for policy in limiting], labels)
    if way is Way.CLOSED and not _has_other_policies(subject.scope):
        yield subject.says(
            f"{subject.name} cannot reach its tunnel endpoint: network policy {names} in namespace `{namespace}` "
            f"allows no traffic to {_ENDPOINT} on port {HTTPS}",
            at=subject.fact.origin(("cluster",)),
            advice=f"Add a policy that allows egress on TCP {HTTPS} to any address, and DNS.",
        )
    elif way is not Way.OPEN:
        yield _may_be_closed(subject, f"{names} on `{cluster}`")


def _open_in_tree(subject: Subject[_Policies]) -> Iterator[Answer]:
    """Findings for policies in the tree: those of one namespace add up, and some of them may not apply to the Agent."""
    way = way_out([policy.raw for policy in subject.fact.every], _LABELS)
    first, *others = subject.fact.about
    if way is Way.CLOSED and not _has_other_policies(subject.scope):
        subjects = (
            f"Network policies {subject.name} keep" if others else f"Network policy {subject.name} keeps"
        )
        yield subject.says(
            f"{subjects} the Agent from its tunnel endpoint: no traffic to {_ENDPOINT} on port {HTTPS} is allowed",
            others=tuple(policy.origin(("spec", "egress")) for policy in others),
            advice=f"Allow egress on TCP {HTTPS} to any address, and DNS.",
        )
    elif way is not Way.OPEN:
        yield _may_be_closed(subject, f"{subject.name} ({first.origin()}) and others in the namespace")


def _may_be_closed(subject: Subject[F], policies: str) -> Answer:
    question = f"whether {_ENDPOINT} can be reached through network policies {policies}"
    return subject.doubts(question, unspecified("its addresses are not fixed"))


def _has_other_policies(scope: Scope) -> bool:
    """True where the tree has policies of a network plug-in: they may allow what the others do not."""
    return any(
        str(foreign.raw.get("kind")).endswith(_KINDS)
        and not is_object(foreign, f"{GROUP}/", NETWORK_POLICY[1])
        for foreign in scope.everything.foreign
    )


RULES = (
    Rule(
        id="R40",
        title="An Agent can reach its tunnel endpoint",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=AGENTS_ON_CLUSTERS,
        check=_open_on_cluster,
        also=(Part(POLICIES, _open_in_tree),),
    ),
)
