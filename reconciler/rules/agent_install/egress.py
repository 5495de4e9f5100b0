"""The rule about the way out of an Agent's network: R40 (agent and operator 2.15; Kubernetes, Network Policies)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from ipaddress import ip_network

from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import Kind
from reconciler.model.json import Json, JsonObject
from reconciler.rules.agent_install.installation import AGENT, NAME_LABEL, named, namespace_of, on_clusters
from reconciler.rules.agent_install.manifest import DEPLOYMENT, is_agent, text_at
from reconciler.rules.declared_definition import dig
from reconciler.rules.foreign import is_object
from reconciler.rules.installed import InstalledAgent
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.rules.scope import Scope

_GROUP = "networking.k8s.io"
_POLICY = (f"{_GROUP}/v1", "NetworkPolicy")
_KINDS = ("NetworkPolicy", "ClusterwideNetworkPolicy")
_INSTANCE_LABEL = "app.kubernetes.io/instance"
_LABELS = {NAME_LABEL: AGENT, _INSTANCE_LABEL: AGENT}
_PORT = 443
_ENDPOINT = "agent-01.humanitec.io"
_WIDE = 1
"""Ranges with a prefix of at most so many bits: two halves of everything are a common spelling of it."""


class _Way(IntEnum):
    """Whether traffic to the endpoint may leave. The best of several rules counts."""

    CLOSED = 0
    MAYBE = 1
    OPEN = 2


def _reachable(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed, cluster in on_clusters(scope):
        yield from _on_cluster(scope, installed, cluster)
    yield from _in_tree(scope)


def _on_cluster(scope: Scope, installed: InstalledAgent, cluster: str) -> Iterator[Finding | Unknown]:
    state = scope.cluster_state(cluster)
    policies = None if state is None else state.of(*_POLICY)
    if state is None or policies is None:
        reason = f"whether Agent `{installed.id}` may call out on port {_PORT}: {scope.unseen(cluster)}"
        yield Unknown("R40", reason)
        return
    namespace = namespace_of(installed.install)
    labels: Mapping[str, Json] = _LABELS
    for deployment in state.of(*DEPLOYMENT) or ():
        found = dig(deployment.body, "spec", "template", "metadata", "labels")
        if deployment.namespace == namespace and is_agent(deployment.body) and isinstance(found, dict):
            labels = found
    limiting = [policy for policy in policies if policy.namespace == namespace and _limits(policy.body)]
    names = ", ".join(f"`{p.name}`" for p in limiting if _selects(p.body, labels) is not False)
    way = _verdict([policy.body for policy in limiting], labels)
    if way is _Way.CLOSED and not _has_other_policies(scope):
        yield Finding(
            "R40",
            Severity.ERROR,
            f"{named(installed)} cannot reach its tunnel endpoint: network policy {names} in namespace `{namespace}` "
            f"lets no traffic out to {_ENDPOINT} on port {_PORT}",
            installed.origin(("cluster",)),
            key=scope.key(Kind.AGENT, installed.id),
            advice=f"Add a policy that allows egress on TCP {_PORT} to anywhere, and DNS.",
        )
    elif way is not _Way.OPEN:
        reason = f"whether {_ENDPOINT} is among what network policy {names} on `{cluster}` allows"
        yield Unknown("R40", reason)


def _in_tree(scope: Scope) -> Iterator[Finding | Unknown]:
    """Policies of one namespace add up; only those that name the Agent's label are certain to be about it."""
    by_namespace = defaultdict(list)
    for foreign in scope.everything.foreign:
        if is_object(foreign, *_POLICY) and _limits(foreign.raw):
            by_namespace[text_at(foreign.raw, "metadata", "namespace")].append(foreign)
    for policies in by_namespace.values():
        about = [policy for policy in policies if _names_agent(policy.raw)]
        way = _verdict([policy.raw for policy in policies], _LABELS) if about else _Way.OPEN
        for policy in about:
            name = f"Network policy `{text_at(policy.raw, 'metadata', 'name')}`"
            if way is _Way.CLOSED and not _has_other_policies(scope):
                yield Finding(
                    "R40",
                    Severity.ERROR,
                    f"{name} keeps the Agent from its tunnel endpoint: no traffic to {_ENDPOINT} on port {_PORT} "
                    "may leave",
                    policy.origin(("spec", "egress")),
                    advice=f"Allow egress on TCP {_PORT} to anywhere, and DNS.",
                )
            elif way is not _Way.OPEN:
                yield Unknown(
                    "R40", f"whether {_ENDPOINT} is among what {policy.origin()} and its like allow"
                )


def _has_other_policies(scope: Scope) -> bool:
    """True where the tree has policies of a network plug-in: they may let out what the others do not."""
    return any(
        str(foreign.raw.get("kind")).endswith(_KINDS) and not is_object(foreign, f"{_GROUP}/", _POLICY[1])
        for foreign in scope.everything.foreign
    )


def _verdict(policies: Iterable[JsonObject], labels: Mapping[str, Json]) -> _Way:
    """Whether pods with the labels may call out, given the policies of their namespace that limit egress."""
    certain: list[JsonObject] = []
    uncertain: list[JsonObject] = []
    for policy in policies:
        selects = _selects(policy, labels)
        if selects is not False:
            (uncertain if selects is None else certain).append(policy)
    way, more = _best(certain), _best(uncertain)
    if not certain:
        return _Way.OPEN if not uncertain or more is _Way.OPEN else _Way.MAYBE
    return way if way is _Way.OPEN or more is _Way.CLOSED else _Way.MAYBE


def _limits(policy: JsonObject) -> bool:
    types = dig(policy, "spec", "policyTypes")
    return "Egress" in types if isinstance(types, list) else dig(policy, "spec", "egress") is not None


def _selects(policy: JsonObject, labels: Mapping[str, Json]) -> bool | None:
    """None where expressions decide."""
    selector = dig(policy, "spec", "podSelector")
    wanted = dig(selector, "matchLabels")
    if isinstance(wanted, dict) and any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return None if dig(selector, "matchExpressions") else True


def _names_agent(policy: JsonObject) -> bool:
    selector = dig(policy, "spec", "podSelector")
    return dig(selector, "matchLabels", NAME_LABEL) == AGENT and not dig(selector, "matchExpressions")


def _best(policies: Iterable[JsonObject]) -> _Way:
    rules = (rule for policy in policies for rule in _items(dig(policy, "spec", "egress")))
    return max((_way(rule) for rule in rules), default=_Way.CLOSED)


def _way(rule: Json) -> _Way:
    ports = _items(dig(rule, "ports"))
    by_port = max((_through(port) for port in ports), default=_Way.CLOSED) if ports else _Way.OPEN
    peers = _items(dig(rule, "to"))
    by_peer = max((_to(peer) for peer in peers), default=_Way.CLOSED) if peers else _Way.OPEN
    return min(by_port, by_peer)


def _through(port: Json) -> _Way:
    if dig(port, "protocol") not in (None, "TCP"):
        return _Way.CLOSED
    first, last = dig(port, "port"), dig(port, "endPort")
    if first is None:
        return _Way.OPEN
    if not isinstance(first, int):
        return _Way.MAYBE
    is_in = first <= _PORT <= last if isinstance(last, int) else first == _PORT
    return _Way.OPEN if is_in else _Way.CLOSED


def _to(peer: Json) -> _Way:
    """Pods and namespaces are inside the cluster; of addresses, those of the endpoint are not fixed."""
    cidr = dig(peer, "ipBlock", "cidr")
    if not isinstance(cidr, str):
        return _Way.CLOSED
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return _Way.MAYBE
    if network.prefixlen <= _WIDE:
        return _Way.OPEN
    return _Way.CLOSED if network.is_private else _Way.MAYBE


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


RULES = (
    Rule(
        id="R40",
        title="An Agent can call its tunnel endpoint",
        severity=Severity.ERROR,
        condition=f"Where network policies limit what the Agent's pods may call, one of them must allow TCP {_PORT} "
        "to addresses outside. Policies on the cluster count, and those in the tree that select the Agent by its "
        "label. A range of public addresses is unknown, because the endpoint has no fixed one, and so is the effect "
        "of a network plug-in's own policies in the tree. Firewalls are not seen.",
        why=f"The tunnel is an outgoing connection to `{_ENDPOINT}` on port {_PORT}; without it the Agent serves "
        "nobody.",
        advice=f"Allow egress on TCP {_PORT}.",
        source="Agent installation guide",
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        check=_reachable,
    ),
)
