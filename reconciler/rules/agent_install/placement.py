"""Rules about where an Agent runs: R28, R29 (agent and operator 2.2, 4.5)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from reconciler.facts.agent_installation import (
    Method,
    is_on_kubernetes,
    method_of,
    named,
    namespace_of,
    on_clusters,
)
from reconciler.facts.agent_manifest import DEPLOYMENT, is_agent, is_agent_image
from reconciler.facts.definition import dig, items
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import is_object
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Foreign
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import unspecified
from reconciler.rules.over import AGENT_INSTALLS, MANIFESTS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.host import REQUEST_DRIVEN, SUITED, is_request_driven, spelled
from reconciler.vendor.operator import CONTROLLER

_NAMESPACE = ("v1", "Namespace")
_OPERATOR = "Operator"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """Something declared for a namespace. `agent` is the id of an Agent, "" for other things."""

    name: str
    origin: Origin
    agent: str = ""


@dataclass(frozen=True, slots=True)
class _Placed:
    """An Agent on a cluster, and what else is declared for its namespace."""

    installed: InstalledAgent
    cluster: str
    namespace: str
    neighbours: tuple[_Neighbour, ...]


def _placed(scope: Scope) -> Iterator[Subject[_Placed]]:
    installs = list(on_clusters(scope))
    neighbours = _declared_for(scope) if installs else {}
    for installed, cluster in installs:
        namespace = namespace_of(installed.install)
        others = tuple(one for one in neighbours.get((cluster, namespace), ()) if one.agent != installed.id)
        fact, key = _Placed(installed, cluster, namespace, others), scope.key(Kind.AGENT, installed.id)
        yield Subject(fact, scope, named(installed), partial(installed.origin, ("namespace",)), key)


PLACED = Over("Agent in its namespace", _placed)


def _declared_for(scope: Scope) -> Mapping[tuple[str, str], Sequence[_Neighbour]]:
    """What the documents of the tree declare for each namespace of each cluster."""
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


def _own_namespace(subject: Subject[_Placed]) -> Iterator[Answer]:
    placed, names = subject.fact, [one.name for one in subject.fact.neighbours]
    state = subject.scope.cluster_state(placed.cluster)
    found = None if state is None else state.of(*DEPLOYMENT)
    has_operator = any(name.startswith(_OPERATOR) for name in names)
    names += [
        f"Deployment `{one.name}`"
        for one in found or ()
        if one.namespace == placed.namespace
        and not is_agent(one.body)
        and not (has_operator and one.name == CONTROLLER)
    ]
    if names:
        yield _shared(subject, names)
    subject.seen.objects(placed.cluster, *DEPLOYMENT)


def _shared(subject: Subject[_Placed], names: list[str]) -> Answer:
    is_removed = _is_removed_with_agent(subject.scope, subject.fact)
    others = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    effect = "; uninstalling the Agent deletes the namespace and everything in it" if is_removed else ""
    return subject.says(
        f"{subject.name} shares namespace `{subject.fact.namespace}` with {others}{effect}",
        others=tuple(one.origin for one in subject.fact.neighbours),
        advice="Give each its own namespace.",
        severity=Severity.ERROR if is_removed else Severity.WARNING,
    )


def _is_removed_with_agent(scope: Scope, placed: _Placed) -> bool:
    """True where the Agent's manifests include the namespace, in the tree or live."""
    if method_of(placed.installed.install) is Method.HELM:
        return False
    state = scope.cluster_state(placed.cluster)
    live = [
        found.body
        for found in (None if state is None else state.of(*_NAMESPACE)) or ()
        if found.name == placed.namespace
    ]
    in_tree = [
        foreign.raw
        for foreign in scope.everything.foreign
        if is_object(foreign, *_NAMESPACE) and dig(foreign.raw, "metadata", "name") == placed.namespace
    ]
    return any(is_agent(body) for body in (*live, *in_tree))


def _long_running(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    given = subject.fact.install.host
    host, place = spelled(given), subject.fact.origin(("host",))
    if host in SUITED:
        return
    if is_request_driven(host):
        yield subject.says(
            f"{subject.name} has no port to listen on; `{given}` would stop it",
            at=place,
            advice="Run it where containers keep running without requests: on a cluster, with Docker, or in "
            "Azure Container Instances.",
        )
        return
    suggestion = did_you_mean(host, (*SUITED, *sorted(REQUEST_DRIVEN)))
    if suggestion:
        message = (
            f"Host `{given}` of {subject.name} is not known, so nothing that depends on the host was checked"
        )
        yield subject.says(message, at=place, advice=suggestion)
    else:
        question = f"whether host `{given}` of {subject.name} keeps containers running without requests"
        yield subject.doubts(question, unspecified("it is not a known host"))


def _no_service(subject: Subject[Foreign]) -> Iterator[Answer]:
    foreign = subject.fact
    if not is_object(foreign, "serving.knative.dev/", "Service"):
        return
    containers = items(dig(foreign.raw, "spec", "template", "spec", "containers"))
    if any(is_agent_image(dig(one, "image")) for one in containers):
        yield subject.says(
            "The Agent has no port to listen on; a Knative or Cloud Run service would stop it",
            at=foreign.origin(("kind",)),
            advice="Run it as a Deployment, or elsewhere where containers keep running without requests.",
        )


RULES = (
    Rule(
        id="R28",
        title="An Agent has a namespace to itself",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=PLACED,
        check=_own_namespace,
    ),
    Rule(
        id="R29",
        title="An Agent runs where containers keep running",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENT_INSTALLS,
        check=_long_running,
        also=(Part(MANIFESTS, _no_service),),
    ),
)
