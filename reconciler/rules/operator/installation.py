"""Rules about where Operators run (compatibility rules, Operator and mode): R58, R59, R61, R65, R66."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.facts.agent_manifest import DEPLOYMENT
from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition, dig
from reconciler.facts.git_target import mode_path
from reconciler.facts.manifest import OPERATOR_API
from reconciler.facts.operator import (
    DeclaredOperator,
    has_any_operator,
    has_operator,
    organization_of,
)
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterObject
from reconciler.model.finding import Severity
from reconciler.model.json import Json, Path
from reconciler.model.origin import Origin
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import CLUSTER_DEFINITIONS, OPERATORS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import FILE_NAME, Mode
from reconciler.vendor.operator import CONTROLLER, DEPLOYED_KINDS, MANAGER
from reconciler.vendor.quantity import bytes_of

_LEAST_MEMORY = bytes_of("256Mi")
_LIMIT: Path = ("controllerManager", "manager", "resources", "limits", "memory")
_CLUSTER: Path = ("spec", "cluster")


@dataclass(frozen=True, slots=True)
class _Shared:
    """A cluster with several declared Operators, in file order, and the organizations they serve."""

    cluster: str
    operators: tuple[DeclaredOperator, ...]
    organizations: tuple[str, ...]


def _shared(scope: Scope) -> Iterator[Subject[_Shared]]:
    for cluster in dict.fromkeys(o.document.spec.cluster for o in scope.operators):
        found = sorted(scope.operators_on(cluster), key=lambda operator: operator.origin())
        if len(found) > 1:
            fact = _Shared(cluster, tuple(found), tuple(_organizations(scope, found)))
            yield Subject(fact, scope, f"cluster `{cluster}`", found[-1].origin(_CLUSTER))


SHARED = Over("cluster with several Operators", _shared)


def _organizations(scope: Scope, operators: list[DeclaredOperator]) -> list[str]:
    """Names of the different organizations served, sorted; an unknown one belongs to another target."""
    found = {organization_of(scope, operator) for operator in operators}
    return sorted(f"`{name}`" if name is not None else "that of another target" for name in found)


def _one_organization(subject: Subject[_Shared]) -> Iterator[Answer]:
    shared = subject.fact
    if len(shared.organizations) > 1:
        yield subject.says(
            f"An Operator serves one organization, and a cluster can have one Operator; {subject.name} would serve "
            f"{' and '.join(shared.organizations)}",
            others=tuple(o.origin(_CLUSTER) for o in shared.operators[:-1]),
            advice="Give each organization its own clusters, or deploy both from one organization.",
        )


def _one_operator(subject: Subject[_Shared]) -> Iterator[Answer]:
    first, *others = subject.fact.operators
    for other in others if len(subject.fact.organizations) == 1 else ():
        yield subject.says(
            f"One Operator per cluster: `{first.document.metadata.id}` and `{other.document.metadata.id}` are both "
            f"declared for {subject.name}",
            at=other.origin(_CLUSTER),
            others=(first.origin(_CLUSTER),),
            advice="Keep one of the two documents, or correct its cluster.",
        )


def _one_found(subject: Subject[DeclaredOperator]) -> Iterator[Answer]:
    spec = subject.fact.document.spec
    deployments = subject.seen.objects(spec.cluster, *DEPLOYMENT)
    elsewhere = sorted(
        o.namespace for o in deployments if o.name == CONTROLLER and o.namespace != spec.namespace
    )
    if elsewhere:
        yield subject.says(
            f"One Operator per cluster: on `{spec.cluster}` one runs in namespace {listed(elsewhere)}, but "
            f"`{subject.fact.document.metadata.id}` is declared for namespace `{spec.namespace}`",
            at=subject.fact.origin(("spec", "namespace")),
            advice=f"Declare `namespace: {elsewhere[0]}` if it is the same one; otherwise undeploy the custom "
            "resources of the other one, and then remove it.",
        )


def _every_cluster(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition, scope = subject.fact, subject.scope
    cluster = scope.cluster_of(definition)
    has = None if cluster is None else has_operator(scope, cluster)
    if has or (mode := subject.seen.mode(definition)) is Mode.LEGACY:
        return
    if mode is Mode.GITOPS and has_any_operator(scope) is False:
        return  # R70 reports it
    if cluster is None:
        raise UnseenError(
            unspecified(
                "the settings do not name the cluster that it deploys to (`clusters.<name>.definitions`)"
            )
        )
    if has is None:
        cause = f"no `Operator` is declared, and the settings do not set `clusters.{cluster}.operator`"
        raise UnseenError(replace(scope.unseen(cluster, DEPLOYMENT[1]), cause=cause))
    yield subject.says(
        f"Definition `{definition.id}` runs in {mode} and needs an Operator on cluster `{cluster}`, which has none",
        at=definition.origin(mode_path(definition)),
        others=(Origin(FILE_NAME),),
        advice=f"Declare an `Operator` with `cluster: {cluster}`, or set `clusters.{cluster}.operator: true` where "
        "one is installed in another way.",
    )


def _without_operator(scope: Scope) -> Iterator[Subject[str]]:
    """Clusters that should have no Operator."""
    for name, cluster in scope.settings.clusters.items():
        if cluster.operator is False and not scope.operators_on(name):
            deploying = [one for one in scope.of_type(CLUSTER_TYPE) if scope.cluster_of(one) == name]
            place = deploying[0].origin() if deploying else Origin(FILE_NAME)
            yield Subject(name, scope, "", place)


WITHOUT_OPERATOR = Over("cluster without an Operator", _without_operator)


def _not_uninstalled(subject: Subject[str]) -> Iterator[Answer]:
    cluster = subject.fact
    found = [one for kind in DEPLOYED_KINDS for one in subject.seen.objects(cluster, OPERATOR_API, kind)]
    if found:
        first = min(found, key=lambda custom: (custom.namespace, custom.kind, custom.name))
        yield subject.says(
            f"Cluster `{cluster}` should have no Operator (`clusters.{cluster}.operator: false`), but {len(found)} "
            f"custom {'resource there represents' if len(found) == 1 else 'resources there represent'} real "
            f"infrastructure, such as {first.kind} `{first.name}` in namespace `{first.namespace}`",
            advice="Undeploy the applications first; deleting the resources or their definitions (CRDs) would delete "
            "that infrastructure, or orphan it.",
        )


def _enough_memory(subject: Subject[DeclaredOperator]) -> Iterator[Answer]:
    operator = subject.fact
    limits = _declared_limits(operator)
    if not limits:
        deployments = subject.seen.objects(operator.document.spec.cluster, *DEPLOYMENT)
        found = (one for one in deployments if one.name == CONTROLLER)
        limits = [(limit, _CLUSTER) for controller in found for limit in _limits_of(controller)]
    for limit, path in limits:
        amount = bytes_of(limit)
        if amount is None:
            question = f"whether the manager of {subject.name} has enough memory"
            yield subject.doubts(
                question, unspecified(f"its limit ({operator.origin(path)}) is not a valid quantity")
            )
        elif _LEAST_MEMORY is not None and amount < _LEAST_MEMORY:
            yield subject.says(
                f"The manager of {subject.name} on `{operator.document.spec.cluster}` has a memory limit of {limit}; "
                "limits below 256Mi have led to restarts",
                at=operator.origin(path),
                advice="Set `memoryLimit: 256Mi` or more.",
            )


def _declared_limits(operator: DeclaredOperator) -> list[tuple[str, Path]]:
    spec = operator.document.spec
    limits = None if spec.resources is None else spec.resources.limits
    given: list[tuple[Json, Path]] = [
        (spec.memoryLimit, ("spec", "memoryLimit")),
        (None if limits is None else limits.memory, ("spec", "resources", "limits", "memory")),
        (dig(spec.helmValues, *map(str, _LIMIT)), ("spec", "helmValues", *_LIMIT)),
    ]
    return [(str(limit), path) for limit, path in given if isinstance(limit, str | int)]


def _limits_of(controller: ClusterObject) -> Iterator[str]:
    containers = dig(controller.body, "spec", "template", "spec", "containers")
    for container in containers if isinstance(containers, list) else ():
        if dig(container, "name") == MANAGER:
            limit = dig(container, "resources", "limits", "memory")
            if isinstance(limit, str | int):
                yield str(limit)


RULES = (
    Rule(
        id="R58",
        title="An Operator serves one organization",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SHARED,
        check=_one_organization,
    ),
    Rule(
        id="R59",
        title="A cluster has one Operator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SHARED,
        check=_one_operator,
        also=(Part(OPERATORS, _one_found),),
    ),
    Rule(
        id="R61",
        title="Every cluster in direct or gitops mode has an Operator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=CLUSTER_DEFINITIONS,
        check=_every_cluster,
    ),
    Rule(
        id="R65",
        title="An Operator is not removed while its custom resources exist",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.CLUSTER,),
        over=WITHOUT_OPERATOR,
        check=_not_uninstalled,
    ),
    Rule(
        id="R66",
        title="The Operator's manager has enough memory",
        severity=Severity.WARNING,
        confidence=Confidence.THIRD_PARTY,
        sides=(Side.FILE, Side.CLUSTER),
        over=OPERATORS,
        check=_enough_memory,
    ),
)
