"""Where Operators are: declared, named in the settings, or found on a cluster."""

from reconciler.facts.definition import CLUSTER_TYPE, RUNTIME_ID, DeclaredDefinition
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterObject
from reconciler.model.declaration import Declared
from reconciler.model.kind import Kind
from reconciler.model.operator import OperatorDocument
from reconciler.vendor.operator import CONTROLLER

DeclaredOperator = Declared[OperatorDocument]


def organization_of(scope: Scope, operator: DeclaredOperator) -> str | None:
    """Organization that an Operator serves; None if it is that of files of another target."""
    named = operator.document.spec.organization
    if named is not None:
        return named
    if any(own.origin() == operator.origin() for own in scope.operators):
        return scope.organization
    others = {target.organization for name, target in scope.settings.targets.items() if name != scope.target}
    return others.pop() if len(others) == 1 else None


def controllers(scope: Scope, cluster: str) -> tuple[ClusterObject, ...] | None:
    """Controllers found on a cluster; None if it was not read completely."""
    state = scope.cluster_state(cluster)
    deployments = None if state is None else state.of("apps/v1", "Deployment")
    return None if deployments is None else tuple(o for o in deployments if o.name == CONTROLLER)


def has_operator(scope: Scope, cluster: str) -> bool | None:
    """Whether a cluster has an Operator, or will have the declared one; None if that is not known.

    If the tree declares Operators, a cluster without a declared one has none; if it declares none,
    they are installed by other means.
    """
    if scope.operators_on(cluster):
        return True
    facts = scope.cluster_facts(cluster)
    if facts is not None and facts.operator is not None:
        return facts.operator
    found = controllers(scope, cluster)
    if found is not None:
        return bool(found)
    return False if scope.everything.operators else None


def has_any_operator(scope: Scope) -> bool | None:
    """Whether there is an Operator anywhere; None if that is not known."""
    configured = [cluster.operator for cluster in scope.settings.clusters.values()]
    if scope.everything.operators or True in configured:
        return True
    if any(controllers(scope, name) for name in scope.clusters):
        return True
    return False if configured and None not in configured else None


def is_runtime_cluster(scope: Scope, definition: DeclaredDefinition) -> bool:
    """True for the ordinary cluster that accompanies a Git target: it reports status and receives no deployments."""
    criteria = scope.criteria(definition)
    return bool(criteria) and all(criterion.res_id == RUNTIME_ID for criterion in criteria or ())


def without_operator(scope: Scope) -> tuple[int, tuple[DeclaredDefinition, ...], int]:
    """Number of cluster definitions, declared ones that are not known to have a running Operator, and live others.

    Nothing is known of the clusters of the last ones.
    """
    targets = deployment_targets(scope)
    without = tuple(target for target in targets if not _operates(scope, scope.cluster_of(target)))
    undeclared = sum(
        resource.document.get("type") == CLUSTER_TYPE and resource.key.id not in scope.definition_ids
        for resource in scope.live_of(Kind.DEFINITION)
    )
    return len(targets) + undeclared, without, undeclared


def _operates(scope: Scope, cluster: str | None) -> bool:
    """True where an Operator is known to run: one that is only declared does not, if the cluster was read."""
    if cluster is None or not has_operator(scope, cluster):
        return False
    return controllers(scope, cluster) != ()


def deployment_targets(scope: Scope) -> tuple[DeclaredDefinition, ...]:
    """Declared cluster definitions that deployments go to."""
    return tuple(d for d in scope.of_type(CLUSTER_TYPE) if not is_runtime_cluster(scope, d))
