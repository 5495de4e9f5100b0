"""Rules about where Operators run (compatibility rules, Operator and mode): R58, R59, R61, R65, R66."""

from collections.abc import Iterator

from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition, dig
from reconciler.facts.git_target import mode_path
from reconciler.facts.manifest import OPERATOR_API
from reconciler.facts.operator import (
    DeclaredOperator,
    controllers,
    has_any_operator,
    has_operator,
    organization_of,
)
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterObject
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.settings import FILE_NAME, Mode
from reconciler.vendor.quantity import bytes_of

_CUSTOM_KINDS = ("Resource", "Workload", "WorkloadPatch", "SecretMapping")
_LEAST_MEMORY = bytes_of("256Mi")
_LIMIT: Path = ("controllerManager", "manager", "resources", "limits", "memory")
_MANAGER = "manager"


def _shared_clusters(scope: Scope) -> Iterator[tuple[str, list[DeclaredOperator]]]:
    """Clusters of own Operators for which several are declared, each with them in the order of the files."""
    for cluster in dict.fromkeys(o.document.spec.cluster for o in scope.operators):
        found = sorted(scope.operators_on(cluster), key=lambda operator: operator.origin())
        if len(found) > 1:
            yield cluster, found


def _organizations(scope: Scope, operators: list[DeclaredOperator]) -> list[str]:
    """Names of the different organizations served, sorted; one that is not known is that of another target."""
    found = {organization_of(scope, operator) for operator in operators}
    return sorted(f"`{name}`" if name is not None else "that of another target" for name in found)


def _one_organization(scope: Scope) -> Iterator[Finding | Unknown]:
    for cluster, operators in _shared_clusters(scope):
        organizations = _organizations(scope, operators)
        if len(organizations) > 1:
            first, *others = operators
            yield Finding(
                "R58",
                Severity.ERROR,
                f"An Operator serves one organization, and a cluster has one Operator; cluster `{cluster}` would "
                f"serve {' and '.join(organizations)}",
                others[-1].origin(("spec", "cluster")),
                others=tuple(o.origin(("spec", "cluster")) for o in (first, *others[:-1])),
                advice="Give each organization clusters of its own, or deploy both from one organization.",
            )


def _one_operator(scope: Scope) -> Iterator[Finding | Unknown]:
    for cluster, operators in _shared_clusters(scope):
        if len(_organizations(scope, operators)) == 1:
            first, *others = operators
            for other in others:
                yield Finding(
                    "R59",
                    Severity.ERROR,
                    f"One Operator per cluster: `{first.document.metadata.id}` and `{other.document.metadata.id}` "
                    f"are both declared for cluster `{cluster}`",
                    other.origin(("spec", "cluster")),
                    others=(first.origin(("spec", "cluster")),),
                    advice="Keep one of the two documents, or correct its cluster.",
                )
    for operator in scope.operators:
        yield from _one_found(scope, operator)


def _one_found(scope: Scope, operator: DeclaredOperator) -> Iterator[Finding | Unknown]:
    spec = operator.document.spec
    found = controllers(scope, spec.cluster)
    if found is None:
        yield Unknown("R59", str(scope.unseen(spec.cluster)), scope.unseen(spec.cluster))
        return
    elsewhere = sorted(o.namespace for o in found if o.namespace != spec.namespace)
    if elsewhere:
        names = listed(elsewhere)
        yield Finding(
            "R59",
            Severity.ERROR,
            f"One Operator per cluster: on `{spec.cluster}` one runs in namespace {names}, and "
            f"`{operator.document.metadata.id}` is declared for namespace `{spec.namespace}`",
            operator.origin(("spec", "namespace")),
            advice=f"Declare `namespace: {elsewhere[0]}` if it is the same one; otherwise remove the other "
            "after its custom resources are undeployed.",
        )


def _every_cluster(scope: Scope) -> Iterator[Finding | Unknown]:
    unnamed: list[str] = []
    untold: set[str] = set()
    for target in scope.of_type(CLUSTER_TYPE):
        mode = scope.mode(target)
        if mode not in (Mode.DIRECT, Mode.GITOPS):
            continue
        cluster = scope.cluster_of(target)
        if cluster is None:
            # Of a Git target R70 says whether there is an Operator at all.
            if mode is Mode.DIRECT or has_any_operator(scope):
                unnamed.append(target.id)
            continue
        has = has_operator(scope, cluster)
        if has is None:
            untold.add(cluster)
        elif not has and not (mode is Mode.GITOPS and has_any_operator(scope) is False):
            yield _without_operator(scope, target, cluster, mode)
    if unnamed:
        names = listed(sorted(unnamed))
        yield Unknown(
            "R61",
            f"which clusters {names} deploy to is not told; name the definitions under "
            "`clusters.<name>.definitions` in the settings",
        )
    for cluster in sorted(untold):
        yield Unknown(
            "R61",
            f"whether an Operator runs on `{cluster}` is not told: no `Operator` is declared, the settings leave out "
            f"`clusters.{cluster}.operator`, and {scope.unseen(cluster)}",
            scope.unseen(cluster),
        )


def _without_operator(scope: Scope, target: DeclaredDefinition, cluster: str, mode: Mode) -> Finding:
    return Finding(
        "R61",
        Severity.ERROR,
        f"Definition `{target.id}` runs in {mode} and needs an Operator on cluster `{cluster}`, which has none",
        target.origin(mode_path(target)),
        key=scope.key(Kind.DEFINITION, target.id),
        advice=f"Declare an `Operator` with `cluster: {cluster}`, or set `clusters.{cluster}.operator: true` where "
        "one is installed by other means.",
    )


def _not_uninstalled(scope: Scope) -> Iterator[Finding | Unknown]:
    for name, cluster in scope.settings.clusters.items():
        if cluster.operator is not False or scope.operators_on(name):
            continue
        state = scope.cluster_state(name)
        lists = None if state is None else [state.of(OPERATOR_API, kind) for kind in _CUSTOM_KINDS]
        if lists is None or None in lists:
            yield Unknown("R65", str(scope.unseen(name)), scope.unseen(name))
            continue
        found = [custom for custom_objects in lists for custom in custom_objects or ()]
        if found:
            yield _orphaned(scope, name, found)


def _orphaned(scope: Scope, cluster: str, found: list[ClusterObject]) -> Finding:
    deploying = [target for target in scope.of_type(CLUSTER_TYPE) if scope.cluster_of(target) == cluster]
    first = min(found, key=lambda custom: (custom.namespace, custom.kind, custom.name))
    return Finding(
        "R65",
        Severity.ERROR,
        f"Cluster `{cluster}` is to have no Operator (`clusters.{cluster}.operator: false`), but {len(found)} custom "
        f"{'resource stands' if len(found) == 1 else 'resources stand'} for real infrastructure there, such as "
        f"{first.kind} `{first.name}` in namespace `{first.namespace}`",
        deploying[0].origin() if deploying else Origin(FILE_NAME),
        advice="Undeploy the applications first; deleting the resources or their definitions (CRDs) would delete "
        "what they stand for, or leave it behind for good.",
    )


def _enough_memory(scope: Scope) -> Iterator[Finding | Unknown]:
    for operator in scope.operators:
        declared = _declared_limits(operator)
        for limit, path in declared:
            yield from _judged_limit(limit, operator, path, operator.document.spec.cluster)
        if declared:
            continue
        found = controllers(scope, operator.document.spec.cluster)
        if found is None:
            yield Unknown(
                "R66",
                f"the memory limit of Operator `{operator.document.metadata.id}` is not declared, and "
                f"{scope.unseen(operator.document.spec.cluster)}",
                scope.unseen(operator.document.spec.cluster),
            )
        for controller in found or ():
            for container_limit in _limits_of(controller):
                place: Path = ("spec", "cluster")
                yield from _judged_limit(container_limit, operator, place, operator.document.spec.cluster)


def _declared_limits(operator: DeclaredOperator) -> list[tuple[str, Path]]:
    spec = operator.document.spec
    given: list[tuple[Json, Path]] = [
        (spec.memoryLimit, ("spec", "memoryLimit")),
        (dig(spec.helmValues, *map(str, _LIMIT)), ("spec", "helmValues", *_LIMIT)),
    ]
    return [(str(limit), path) for limit, path in given if isinstance(limit, str | int)]


def _limits_of(controller: ClusterObject) -> Iterator[str]:
    containers = dig(controller.body, "spec", "template", "spec", "containers")
    for container in containers if isinstance(containers, list) else ():
        if dig(container, "name") == _MANAGER:
            limit = dig(container, "resources", "limits", "memory")
            if isinstance(limit, str | int):
                yield str(limit)


def _judged_limit(
    limit: str, operator: DeclaredOperator, path: Path, cluster: str
) -> Iterator[Finding | Unknown]:
    amount = bytes_of(limit)
    name = operator.document.metadata.id
    if amount is None:
        yield Unknown("R66", f"the memory limit of Operator `{name}` ({operator.origin(path)}) is no amount")
    elif _LEAST_MEMORY is not None and amount < _LEAST_MEMORY:
        yield Finding(
            "R66",
            Severity.WARNING,
            f"The manager of Operator `{name}` on `{cluster}` may use {limit} of memory; limits under 256Mi have led "
            "to restarts",
            operator.origin(path),
            advice="Set `memoryLimit: 256Mi` or more.",
        )


RULES = (
    Rule(
        id="R58",
        title="An Operator serves one organization",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_one_organization,
    ),
    Rule(
        id="R59",
        title="A cluster has one Operator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_one_operator,
    ),
    Rule(
        id="R61",
        title="Every cluster in direct or gitops mode has an Operator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_every_cluster,
    ),
    Rule(
        id="R65",
        title="An Operator is not taken away from its custom resources",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.CLUSTER,),
        over=SCOPE,
        check=_not_uninstalled,
    ),
    Rule(
        id="R66",
        title="The Operator's manager has enough memory",
        severity=Severity.WARNING,
        confidence=Confidence.THIRD_PARTY,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_enough_memory,
    ),
)
