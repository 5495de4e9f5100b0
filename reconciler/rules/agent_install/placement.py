"""Rules about where an Agent runs: R28, R29 (agent and operator 2.2, 4.5)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.facts.agent_installation import (
    Method,
    is_on_kubernetes,
    method_of,
    named,
    namespace_of,
    on_clusters,
)
from reconciler.facts.agent_manifest import DEPLOYMENT, is_agent, is_agent_image
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import is_object
from reconciler.facts.operator import CONTROLLER
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.host import SUITED, is_request_driven, spelled

_NAMESPACE = ("v1", "Namespace")
_OPERATOR = "Operator"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """Something declared for a namespace. `agent` is the id of an Agent, "" for other things."""

    name: str
    origin: Origin
    agent: str = ""


def _own_namespace(scope: Scope) -> Iterator[Finding | Unknown]:
    installs = list(on_clusters(scope))
    neighbours = _declared_for(scope) if installs else {}
    for installed, cluster in installs:
        namespace = namespace_of(installed.install)
        declared = [one for one in neighbours.get((cluster, namespace), ()) if one.agent != installed.id]
        has_operator = any(one.name.startswith(_OPERATOR) for one in declared)
        found = _found_beside(scope, cluster, namespace, has_operator=has_operator)
        if found is None:
            unseen = scope.unseen(cluster)
            reason = f"whether Agent `{installed.id}` has its namespace for itself: {unseen}"
            yield Unknown("R28", reason, unseen)
        names = [*(one.name for one in declared), *(found or ())]
        if names:
            yield _shared(scope, installed, names, [one.origin for one in declared])


def _declared_for(scope: Scope) -> Mapping[tuple[str, str], Sequence[_Neighbour]]:
    """What any document of the tree puts into each namespace of each cluster."""
    found: dict[tuple[str, str], list[_Neighbour]] = defaultdict(list)
    for operator in scope.everything.operators:
        spec = operator.document.spec
        name, place = f"{_OPERATOR} `{operator.document.metadata.id}`", operator.origin(("spec", "namespace"))
        found[spec.cluster, spec.namespace].append(_Neighbour(name, place))
    for runner in scope.everything.runners:
        install = runner.document.spec.install
        if install is not None and install.cluster is not None and install.namespace is not None:
            name, place = (
                f"runner `{runner.document.metadata.id}`",
                runner.origin(("spec", "install", "namespace")),
            )
            found[install.cluster, install.namespace].append(_Neighbour(name, place))
    for other in scope.all_agent_installs:
        if other.install.cluster is not None and is_on_kubernetes(other.install):
            one = _Neighbour(f"Agent `{other.id}`", other.origin(("namespace",)), other.id)
            found[other.install.cluster, namespace_of(other.install)].append(one)
    return found


def _found_beside(scope: Scope, cluster: str, namespace: str, *, has_operator: bool) -> list[str] | None:
    """Deployments on the cluster that are not the Agent's; None where they were not read."""
    state = scope.cluster_state(cluster)
    deployments = None if state is None else state.of(*DEPLOYMENT)
    if deployments is None:
        return None
    return [
        f"Deployment `{found.name}`"
        for found in deployments
        if found.namespace == namespace
        and not is_agent(found.body)
        and not (has_operator and found.name == CONTROLLER)
    ]


def _shared(scope: Scope, installed: InstalledAgent, names: list[str], places: list[Origin]) -> Finding:
    namespace = namespace_of(installed.install)
    is_removed = _is_removed_with_agent(scope, installed, namespace)
    others = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    effect = "; uninstalling the Agent deletes the namespace with everything in it" if is_removed else ""
    return Finding(
        "R28",
        Severity.ERROR if is_removed else Severity.WARNING,
        f"{named(installed)} shares namespace `{namespace}` with {others}{effect}",
        installed.origin(("namespace",)),
        key=scope.key(Kind.AGENT, installed.id),
        others=tuple(places),
        advice="Give each a namespace of its own.",
    )


def _is_removed_with_agent(scope: Scope, installed: InstalledAgent, namespace: str) -> bool:
    """True where the namespace is one of the Agent's manifests, in the tree or as applied."""
    if method_of(installed.install) is Method.HELM:
        return False
    state = scope.cluster_state(installed.install.cluster or "")
    live = [
        found.body
        for found in (None if state is None else state.of(*_NAMESPACE)) or ()
        if found.name == namespace
    ]
    in_tree = [
        foreign.raw
        for foreign in scope.everything.foreign
        if is_object(foreign, *_NAMESPACE) and dig(foreign.raw, "metadata", "name") == namespace
    ]
    return any(is_agent(body) for body in (*live, *in_tree))


def _long_running(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        host = spelled(installed.install.host)
        if host in SUITED:
            continue
        if is_request_driven(host):
            yield Finding(
                "R29",
                Severity.ERROR,
                f"Agent `{installed.id}` has no port to listen on; `{installed.install.host}` would stop it",
                installed.origin(("host",)),
                key=scope.key(Kind.AGENT, installed.id),
                advice="Run it where a container keeps running without requests: on a cluster, with Docker, or in "
                "Azure Container Instances.",
            )
        else:
            hint = did_you_mean(host, SUITED)
            yield Unknown(
                "R29",
                f"whether host `{installed.install.host}` of Agent `{installed.id}` keeps a container running without "
                "requests" + (f". {hint}" if hint else ""),
            )
    for foreign in scope.everything.foreign:
        if is_object(foreign, "serving.knative.dev/", "Service"):
            containers = dig(foreign.raw, "spec", "template", "spec", "containers")
            if isinstance(containers, list) and any(is_agent_image(dig(one, "image")) for one in containers):
                yield Finding(
                    "R29",
                    Severity.ERROR,
                    "The Agent has no port to listen on; a Knative or Cloud Run service would stop it",
                    foreign.origin(("kind",)),
                    advice="Run it as a Deployment, or where else a container keeps running without requests.",
                )


RULES = (
    Rule(
        id="R28",
        title="An Agent has its namespace for itself",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_own_namespace,
    ),
    Rule(
        id="R29",
        title="An Agent runs where containers keep running",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_long_running,
    ),
)
