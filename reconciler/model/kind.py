"""The kinds that a plan acts on, as a table: what planning, comparing and reporting need to know about each.

A new kind is a row here, a document, a canonical form and a wire module (CONTRIBUTING, "A new kind").
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from reconciler.model.surroundings import Beside
from reconciler.vendor import operator


class Kind(StrEnum):
    """Everything a plan can act on.

    `CRITERION` is a part of a definition with API calls of its own, `PRIVATE_KEY` an entry of a Secret.
    `STORE_RESOURCE` is the custom resource of a secret store, named in full: `SecretStore` is its registration, and
    another product has a kind of that name too.
    """

    AGENT = "Agent"
    KEY = "Key"
    DEFINITION = "Definition"
    CRITERION = "Criterion"
    SECRET_STORE = "SecretStore"  # noqa: S105  a name
    OPERATOR_KEY = "OperatorKey"
    RUNNER = "Runner"
    RUNNER_RULE = "RunnerRule"
    NAMESPACE = "Namespace"
    SERVICE_ACCOUNT = "ServiceAccount"
    ROLE = "Role"
    ROLE_BINDING = "RoleBinding"
    CONFIG_MAP = "ConfigMap"
    PRIVATE_KEY = "PrivateKey"
    NETWORK_POLICY = "NetworkPolicy"
    DEPLOYMENT = "Deployment"
    OCI_REPOSITORY = "OCIRepository"
    HELM_RELEASE = "HelmRelease"
    APPLICATION = "Application"
    STORE_RESOURCE = "SecretStore.humanitec.io"


class Generation(StrEnum):
    """The API that a kind belongs to."""

    V1 = "v1"
    V2 = "v2"
    KUBERNETES = "kubernetes"


ORCHESTRATORS = (Generation.V1, Generation.V2)
"""The APIs of orchestrators: a target has a connection for each."""


@dataclass(frozen=True, slots=True)
class KindFacts:
    """Facts about a kind.

    `level` orders kinds: creations go up the levels and deletions down (design decision 4.9).
    `immutable` is the path of the field that cannot be changed in place, () if every field can
    or none of them identifies the thing. `secret_root` is the path of the secret positions in a document.
    `is_part` is true for a thing that belongs to another and is written through it. `is_replaced`
    is true if the API cannot update the thing: every change deletes and creates it.
    `is_compared` is false if the id says everything about the thing: it ends with a fingerprint, which is
    shown shortened, and the document only repeats it. `parent` is the kind whose deletion also deletes this
    one, None if there is none. `has_document_id` is true if a document of the same name declares the thing
    under its own id. `returns_secrets` is false if the API does not show which secret positions are set: what was
    last sent is then known from the record alone. `collection` is the list that rules read too; it is requested
    only if something of the kind is declared or recorded, None for kinds that are always listed.

    Kubernetes kinds have `api_version`, `resource` (the name in paths) and `is_namespaced`; their id is
    `<namespace>/<name>`, or the name alone if they have no namespace. `type_name` is what the API calls the kind, ""
    for its own name.
    """

    plural: str
    generation: Generation
    level: int
    immutable: tuple[str, ...] = ()
    secret_root: tuple[str, ...] = ()
    is_part: bool = False
    is_replaced: bool = False
    is_compared: bool = True
    parent: Kind | None = None
    has_document_id: bool = False
    returns_secrets: bool = True
    collection: Beside | None = None
    api_version: str = ""
    resource: str = ""
    is_namespaced: bool = True
    type_name: str = ""


def _of_kubernetes(resource: str, api_version: str, level: int, *, is_namespaced: bool = True) -> KindFacts:
    return KindFacts(
        _PLURALS.get(resource, resource),
        Generation.KUBERNETES,
        level,
        api_version=api_version,
        resource=resource,
        is_namespaced=is_namespaced,
    )


_PLURALS = {
    "serviceaccounts": "service accounts",
    "rolebindings": "role bindings",
    "configmaps": "config maps",
    "networkpolicies": "network policies",
    "ocirepositories": "OCI repositories",
    "helmreleases": "Helm releases",
    "secretstores": "SecretStore resources",
}

FACTS: Mapping[Kind, KindFacts] = MappingProxyType(
    {
        Kind.AGENT: KindFacts("agents", Generation.V1, level=0, has_document_id=True),
        # The id of a key is its fingerprint (v1 reference 3.2).
        Kind.KEY: KindFacts("keys", Generation.V1, level=1, is_compared=False, parent=Kind.AGENT),
        # v1 reference 4.2: the type of a definition is fixed.
        Kind.DEFINITION: KindFacts(
            "definitions",
            Generation.V1,
            level=2,
            immutable=("type",),
            secret_root=("secrets",),
            has_document_id=True,
        ),
        Kind.CRITERION: KindFacts("criteria", Generation.V1, level=3, is_part=True, parent=Kind.DEFINITION),
        # v1 reference 5.2, U25: the kind of a store is fixed. 5.3: `auth` is never returned in any form.
        Kind.SECRET_STORE: KindFacts(
            "secret stores",
            Generation.V1,
            level=1,
            immutable=("type",),
            secret_root=("auth",),
            has_document_id=True,
            returns_secrets=False,
            collection=Beside.STORES,
        ),
        # v1 reference 6: a key cannot be changed; its id here is its fingerprint, since the API makes up another one.
        Kind.OPERATOR_KEY: KindFacts(
            "Operator keys", Generation.V1, level=1, is_compared=False, collection=Beside.OPERATOR_KEYS
        ),
        # v2 reference 5.4: the type of a runner is fixed.
        Kind.RUNNER: KindFacts(
            "runners",
            Generation.V2,
            level=0,
            immutable=("runner_configuration", "type"),
            secret_root=("runner_configuration",),
            has_document_id=True,
        ),
        # v2 reference 8: rules are only created and deleted.
        Kind.RUNNER_RULE: KindFacts(
            "runner rules", Generation.V2, level=3, is_replaced=True, parent=Kind.RUNNER
        ),
        Kind.NAMESPACE: _of_kubernetes("namespaces", "v1", 4, is_namespaced=False),
        Kind.SERVICE_ACCOUNT: _of_kubernetes("serviceaccounts", "v1", 5),
        Kind.ROLE: _of_kubernetes("roles", "rbac.authorization.k8s.io/v1", 5),
        Kind.ROLE_BINDING: _of_kubernetes("rolebindings", "rbac.authorization.k8s.io/v1", 6),
        Kind.CONFIG_MAP: _of_kubernetes("configmaps", "v1", 5),
        Kind.PRIVATE_KEY: KindFacts("private keys", Generation.KUBERNETES, 5, is_part=True, api_version="v1"),
        Kind.NETWORK_POLICY: _of_kubernetes("networkpolicies", "networking.k8s.io/v1", 5),
        Kind.DEPLOYMENT: _of_kubernetes("deployments", "apps/v1", 7),
        Kind.OCI_REPOSITORY: _of_kubernetes("ocirepositories", "source.toolkit.fluxcd.io/v1", 6),
        Kind.HELM_RELEASE: _of_kubernetes("helmreleases", "helm.toolkit.fluxcd.io/v2", 7),
        Kind.APPLICATION: _of_kubernetes("applications", "argoproj.io/v1alpha1", 7),
        # Its kind comes with the chart of the Operator, which a workload installs.
        Kind.STORE_RESOURCE: replace(
            _of_kubernetes("secretstores", operator.API, 8), type_name=operator.STORE_KIND
        ),
    }
)
"""Every kind."""


def type_name(kind: Kind) -> str:
    """What the API of a kind calls it.

    >>> type_name(Kind.STORE_RESOURCE), type_name(Kind.DEPLOYMENT)
    ('SecretStore', 'Deployment')
    """
    return FACTS[kind].type_name or str(kind)


WHOLE_KINDS = tuple(kind for kind in Kind if not FACTS[kind].is_part)
"""Kinds of things that are declared, listed, owned and counted on their own."""
CLUSTER_KINDS = tuple(kind for kind in WHOLE_KINDS if FACTS[kind].generation is Generation.KUBERNETES)
"""Kinds of objects on clusters."""
WORKLOAD_KINDS = frozenset((Kind.DEPLOYMENT, Kind.HELM_RELEASE, Kind.APPLICATION))
"""Kinds that make pods run: the last of an installation to be created, and the first to be deleted."""
ORCHESTRATOR_KINDS = tuple(kind for kind in WHOLE_KINDS if FACTS[kind].generation in ORCHESTRATORS)
"""Kinds of `WHOLE_KINDS` in organizations."""
