"""What a cluster lacks before deployments can go through its Operator: key, chart, custom resource of a store."""

from reconciler.facts.driver import needs_key
from reconciler.facts.manifest import OPERATOR_API, STORE_KIND
from reconciler.facts.operator import DeclaredOperator, controllers, has_operator
from reconciler.facts.operator_state import (
    default_stores,
    missing_controller,
    missing_kinds,
    mounted_key,
    not_registered,
    wrong_secret,
)
from reconciler.facts.operator_state import full_name as name_of_kind
from reconciler.facts.scope import Scope
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import metadata_of
from reconciler.model.unread import Unread
from reconciler.vendor.operator import CONTROLLER, KEY_SECRET

_DEFINITIONS = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_NOT_READ = Unread("it was not read")
Missing = str | Unread
"""What is missing, "" if nothing is."""


def missing_key(scope: Scope, cluster: str) -> Missing:
    """What is missing of the key for drivers. Nothing where there is no Operator, see `missing_operator`."""
    if not has_operator(scope, cluster):
        return ""
    declared = scope.operators_on(cluster)
    if not declared:
        found = controllers(scope, cluster)
        if not found:
            return Unread("no document declares its Operator, and none was seen, so its key is not known")
        return _secret(scope, cluster, found[0].namespace, KEY_SECRET)
    spec = declared[0].document.spec
    if spec.driverKey is None:
        return _without_key(scope, declared[0])
    return _secret(scope, cluster, spec.driverKey.namespace or spec.namespace, spec.driverKey.secretName)


def _without_key(scope: Scope, operator: DeclaredOperator) -> Missing:
    named = f"Operator {operator.document.metadata.id} has no `driverKey`"
    needed = {one.id: needs_key(one, scope.surroundings.drivers) for one in scope.definitions}
    asking = next((identifier for identifier, is_needed in needed.items() if is_needed), None)
    if asking is not None:
        return f"{named}, which the driver of definition {asking} needs"
    unsure = next((identifier for identifier, is_needed in needed.items() if is_needed is None), None)
    return "" if unsure is None else Unread(f"{named}; whether the driver of {unsure} needs one is not known")


def _secret(scope: Scope, cluster: str, namespace: str, name: str) -> Missing:
    state = scope.cluster_state(cluster)
    if state is None:
        return _NOT_READ
    if not state.has_read_secret(namespace, name):
        return Unread(f"Secret {namespace}/{name} was not read")
    secret = state.secret(namespace, name)
    key = mounted_key(secret)
    if (wrong := wrong_secret(namespace, name, secret)) or key is None:
        return wrong
    if not key.fingerprint:
        return Unread(
            f"the key in Secret {namespace}/{name} has a passphrase, so which one it is is not known"
        )
    registered = _registered(scope)
    if registered is None:
        return Unread(f"Operator keys of organization {scope.organization} were not read")
    return "" if key.fingerprint in registered else not_registered(key.fingerprint, scope.organization)


def _registered(scope: Scope) -> frozenset[str] | None:
    """Fingerprints of the keys that the organization knows; None if they were not read."""
    keys = scope.surroundings.operator_keys
    if keys is not None:
        return frozenset(key.fingerprint for key in keys)
    if scope.has_read(Kind.OPERATOR_KEY):
        return frozenset(resource.key.id for resource in scope.live_of(Kind.OPERATOR_KEY))
    return None


def missing_operator(scope: Scope, cluster: str) -> Missing:
    """What is missing of the Operator itself."""
    has = has_operator(scope, cluster)
    if not has:
        return Unread("whether it has an Operator is not known") if has is None else "it has no Operator"
    state, found = scope.cluster_state(cluster), controllers(scope, cluster)
    if state is None:
        return _NOT_READ
    if found is None:
        return Unread("its Deployments were not read")
    kinds = state.of(*_DEFINITIONS)
    names = frozenset(one.name for one in kinds or ())
    if kinds is not None and (
        lacking := missing_kinds(lambda _, kind: name_of_kind(kind) in names).removeprefix("the cluster ")
    ):
        return f"it {lacking}"
    declared = scope.operators_on(cluster)
    if not declared and not found:
        return f"Deployment {CONTROLLER} does not exist"
    namespace = declared[0].document.spec.namespace if declared else found[0].namespace
    body = next((one.body for one in found if one.namespace == namespace), None)
    return missing_controller(namespace, body, ())


def missing_store(scope: Scope, cluster: str, store: str) -> Missing:
    """What is missing of the custom resource of a store."""
    state = scope.cluster_state(cluster)
    if state is None:
        return _NOT_READ
    found = state.of(OPERATOR_API, STORE_KIND)
    if found is None:
        return Unread("its custom resources of secret stores were not read")
    if not any(one.name == store for one in found):
        return f"there is no custom resource of store {store}"
    for namespace in sorted({str(metadata_of(one.body).get("namespace")) for one in found}):
        defaults = default_stores((one.body for one in found), namespace)
        if len(defaults) > 1:
            return f"{len(defaults)} default stores, expected one: {', '.join(defaults)}"
    return ""
