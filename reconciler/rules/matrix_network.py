"""Whether network policies keep a component from calling out on port 443 (Kubernetes concepts, Network Policies)."""

from collections.abc import Iterable, Iterator

from reconciler.model.json import Json, JsonObject
from reconciler.rules.declared_definition import dig
from reconciler.rules.foreign import is_object
from reconciler.rules.scope import Scope

_API_VERSION, _KIND = "networking.k8s.io/v1", "NetworkPolicy"
_HTTPS = 443
_NAME_LABEL = "app.kubernetes.io/name"


def closes_egress(scope: Scope, cluster: str | None, namespace: str, name: str) -> bool:
    """Tell whether policies select the pods of a component and none of them lets port 443 out.

    Policies add up: one that allows is enough. Those in the tree name no cluster and count for each.
    """
    selecting = [
        policy
        for policy in _policies(scope, cluster)
        if dig(policy, "metadata", "namespace") == namespace
        and _limits_egress(policy)
        and _selects(policy, name)
    ]
    return bool(selecting) and not any(_allows_https(policy) for policy in selecting)


def _policies(scope: Scope, cluster: str | None) -> Iterator[JsonObject]:
    for foreign in scope.everything.foreign:
        if is_object(foreign, _API_VERSION, _KIND):
            yield foreign.raw
    state = None if cluster is None else scope.cluster_state(cluster)
    for policy in () if state is None else state.of(_API_VERSION, _KIND) or ():
        yield policy.body


def _limits_egress(policy: JsonObject) -> bool:
    types = dig(policy, "spec", "policyTypes")
    return "Egress" in types if isinstance(types, list) else dig(policy, "spec", "egress") is not None


def _selects(policy: JsonObject, name: str) -> bool:
    selector = dig(policy, "spec", "podSelector")
    if not isinstance(selector, dict) or not any(selector.values()):
        return True
    return dig(selector, "matchLabels", _NAME_LABEL) == name


def _allows_https(policy: JsonObject) -> bool:
    rules = dig(policy, "spec", "egress")
    return any(_rule_allows(rule) for rule in _items(rules))


def _rule_allows(rule: Json) -> bool:
    ports = dig(rule, "ports")
    return not ports or any(_is_https(port) for port in _items(ports))


def _is_https(port: Json) -> bool:
    first, last = dig(port, "port"), dig(port, "endPort")
    if dig(port, "protocol") not in (None, "TCP"):
        return False
    if not isinstance(first, int):
        return True  # a port by name, or any port
    return first == _HTTPS or (isinstance(last, int) and first <= _HTTPS <= last)


def _items(value: Json) -> Iterable[Json]:
    return value if isinstance(value, list) else ()
