"""Egress that Kubernetes network policies allow (Kubernetes concepts, Network Policies).

Policies of one namespace are additive: one that allows the traffic is enough. Callers pass those of one namespace.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from ipaddress import ip_network

from reconciler.facts.definition import dig, items
from reconciler.model.json import Json, JsonObject

GROUP = "networking.k8s.io"
NETWORK_POLICY = (f"{GROUP}/v1", "NetworkPolicy")
HTTPS = 443
_WIDE = 1
"""Longest prefix, in bits, that counts as all addresses: these are often written as two halves."""


class Way(IntEnum):
    """Whether traffic to a public address may leave on port 443. The most permissive of several rules counts."""

    CLOSED = 0
    MAYBE = 1
    OPEN = 2


def way_out(policies: Iterable[JsonObject], labels: Mapping[str, Json]) -> Way:
    """Whether pods with the labels may connect out, given the policies in their namespace that limit egress."""
    certain: list[JsonObject] = []
    uncertain: list[JsonObject] = []
    for policy in policies:
        is_about = selects(policy, labels)
        if is_about is not False:
            (uncertain if is_about is None else certain).append(policy)
    way, more = _best(certain), _best(uncertain)
    if not certain:
        return Way.OPEN if not uncertain or more is Way.OPEN else Way.MAYBE
    return way if way is Way.OPEN or more is Way.CLOSED else Way.MAYBE


def limits(policy: JsonObject) -> bool:
    """True if a policy mentions egress; such a policy allows only what it lists."""
    types = dig(policy, "spec", "policyTypes")
    return "Egress" in types if isinstance(types, list) else dig(policy, "spec", "egress") is not None


def selects(policy: JsonObject, labels: Mapping[str, Json]) -> bool | None:
    """Whether a policy applies to pods with the labels; None if expressions decide."""
    selector = dig(policy, "spec", "podSelector")
    wanted = dig(selector, "matchLabels")
    if isinstance(wanted, dict) and any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return None if dig(selector, "matchExpressions") else True


def _best(policies: Iterable[JsonObject]) -> Way:
    rules = (rule for policy in policies for rule in items(dig(policy, "spec", "egress")))
    return max((_way(rule) for rule in rules), default=Way.CLOSED)


def _way(rule: Json) -> Way:
    ports = items(dig(rule, "ports"))
    by_port = max((_through(port) for port in ports), default=Way.CLOSED) if ports else Way.OPEN
    peers = items(dig(rule, "to"))
    by_peer = max((_to(peer) for peer in peers), default=Way.CLOSED) if peers else Way.OPEN
    return min(by_port, by_peer)


def _through(port: Json) -> Way:
    if dig(port, "protocol") not in (None, "TCP"):
        return Way.CLOSED
    first, last = dig(port, "port"), dig(port, "endPort")
    if first is None:
        return Way.OPEN
    if not isinstance(first, int):
        return Way.MAYBE
    is_in = first <= HTTPS <= last if isinstance(last, int) else first == HTTPS
    return Way.OPEN if is_in else Way.CLOSED


def _to(peer: Json) -> Way:
    """Closed for pods and namespaces, which are inside the cluster. The endpoint has no fixed addresses."""
    cidr = dig(peer, "ipBlock", "cidr")
    if not isinstance(cidr, str):
        return Way.CLOSED
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return Way.MAYBE
    if network.prefixlen <= _WIDE:
        return Way.OPEN
    return Way.CLOSED if network.is_private else Way.MAYBE
