"""Egress of a target's components under network policies."""

from collections.abc import Iterator

from reconciler.facts.agent_installation import NAME_LABEL
from reconciler.facts.definition import dig
from reconciler.facts.manifest import is_object
from reconciler.facts.network_policy import NETWORK_POLICY, Way, limits, way_out
from reconciler.facts.scope import Scope
from reconciler.model.json import JsonObject


def egress(scope: Scope, cluster: str | None, namespace: str, name: str) -> Way:
    """Whether pods of the component with this name can make outgoing calls on port 443.

    Policies in the tree name no cluster and count for every cluster.
    """
    limiting = (
        policy
        for policy in _policies(scope, cluster)
        if dig(policy, "metadata", "namespace") == namespace and limits(policy)
    )
    return way_out(limiting, {NAME_LABEL: name})


def _policies(scope: Scope, cluster: str | None) -> Iterator[JsonObject]:
    for foreign in scope.everything.foreign:
        if is_object(foreign, *NETWORK_POLICY):
            yield foreign.raw
    state = None if cluster is None else scope.cluster_state(cluster)
    for policy in () if state is None else state.of(*NETWORK_POLICY) or ():
        yield policy.body
