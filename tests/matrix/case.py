"""How the tree of a cell is built, and what is added to the base of a mode."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from reconciler.settings import Mode
from tests.matrix.matrix_trees import (
    AGENT_URL,
    CLUSTER,
    ED25519,
    STAND_IN,
    Document,
    Tree,
    agent,
    base,
    cluster,
    definition,
    kubernetes_store,
    operator,
    own,
    runtime,
    store,
)


@dataclass(frozen=True)
class Case:
    """How a cell's tree is built from the base of a mode. `mode` is used for cells without modes."""

    change: Callable[[Tree], Tree]
    mode: Mode = Mode.LEGACY
    agent_used: bool = False

    def tree(self, mode: Mode | None) -> Tree:
        return self.change(base(mode or self.mode, agent_used=self.agent_used))


def case(*documents: Document, mode: Mode = Mode.LEGACY, agent_used: bool = False) -> Case:
    return Case(lambda tree: tree.plus(*documents), mode, agent_used)


def changed(change: Callable[[Tree], Tree], *, mode: Mode = Mode.LEGACY, agent_used: bool = False) -> Case:
    return Case(change, mode, agent_used)


def with_live(tree: Tree, **more: Any) -> Tree:
    return replace(tree, live={**(tree.live or {}), **more})


def driver(name: str, target: str) -> Document:
    organization, _, identifier = name.partition("/")
    return {
        "id": identifier,
        "org_id": organization,
        "type": "postgres",
        "target": target,
        "account_types": ["aws"],
        "inputs_schema": {},
    }


OWN_DRIVER = [driver("acme/postgres", "https://drivers.acme.example/postgres")]
VIRTUAL_DRIVER = [driver("acme/postgres", "driver://humanitec/echo")]
JOB = {"image": "ghcr.io/acme/job:1.0.0", "command": ["apply"], "namespace": "jobs", "service_account": "job"}


def container(*, with_agent: bool = False) -> Document:
    refs = {"cluster": {"agent_url": {"value": AGENT_URL}}} if with_agent else None
    return definition(
        "bucket",
        "s3",
        "humanitec/container",
        values={"job": JOB, "cluster": {"cluster_type": "eks"}},
        refs=refs,
    )


def runner_config(*, with_agent: bool = False) -> Document:
    values = {
        "cluster": {"cluster_type": "eks", "cluster": {"name": CLUSTER}},
        "skip_permission_checks": True,
    }
    return definition(
        "runner-config",
        "config",
        "humanitec/echo",
        values=values,
        secrets={"agent_url": AGENT_URL if with_agent else ""},
        criteria=[{"res_id": "container-runner"}],
    )


CONTAINER_RUNNER = definition("bucket", "s3", "humanitec/container-runner", values={"job": JOB})


def terraform(*, own_cluster: bool = False, with_agent: bool = False, flat: bool = False) -> Document:
    values: Document = {"source": {"url": "https://git.example.com/acme/modules.git", "path": "s3"}}
    if own_cluster:
        values["runner_mode"] = "custom-kubernetes"
    secrets: Document | None = None
    if with_agent:
        secrets = {"agent_url": AGENT_URL} if flat else {"runner": {"agent_url": AGENT_URL}}
    return definition("bucket", "s3", "humanitec/terraform", values=values, secrets=secrets)


def redis(*, with_agent: bool = False, driver: str = "humanitec/redis") -> Document:
    return definition(
        "cache", "redis", driver, values={"size": 1}, secrets={"agent_url": AGENT_URL} if with_agent else None
    )


def own_postgres(*, with_agent: bool = False) -> Document:
    return definition(
        "db",
        "postgres",
        "acme/postgres",
        values={"size": 1},
        secrets={"agent_url": AGENT_URL} if with_agent else None,
    )


def config(**values: Any) -> Document:
    return definition(
        "settings", "config", "humanitec/echo", values=values, criteria=[{"res_id": "settings"}]
    )


def foreign(api_version: str, kind: str, name: str, namespace: str, **body: Any) -> Document:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **body,
    }


def no_egress(namespace: str) -> Document:
    dns = [{"ports": [{"protocol": "UDP", "port": 53}]}]
    return foreign(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "dns-only",
        namespace,
        spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": dns},
    )


def no_egress_found(tree: Tree, namespace: str) -> Tree:
    return replace(tree, clusters={CLUSTER: {"objects": [no_egress(namespace)]}})


SCORE = {
    "apiVersion": "score.dev/v1b1",
    "metadata": {"name": "shop"},
    "containers": {"main": {"image": "."}},
    "resources": {"tunnel": {"type": "agent"}},
}


def key(identifier: str, pem: str, **owner: str) -> Document:
    source = {
        "cluster": CLUSTER,
        "namespace": "humanitec-agent",
        "secret": "humanitec-agent-secret-private-key",
        "key": "private_key",
    }
    return own("Key", identifier, publicKey=pem, privateKey=source, **{"for": owner})


def runner(pem: Any = ED25519, **install: Any) -> Document:
    spec: Document = {
        "runner_configuration": {
            "type": "kubernetes-agent",
            "key": pem,
            "job": {"namespace": "jobs", "service_account": "job"},
        },
        "state_storage_configuration": {"type": "kubernetes", "namespace": "jobs"},
    }
    if install:
        spec["install"] = {"cluster": CLUSTER, "namespace": "runner", **install}
    return own("Runner", "eu-1", **spec)


def hosted_elsewhere(kind: str, host: str) -> Document:
    return operator(host=host) if kind == "Operator" else runner(host=host)


def encrypted(namespace: str, name: str, entry: str) -> Document:
    facts = {"fingerprint": "", "algorithm": "RSA", "bits": 4096, "is_encrypted": True}
    secret = {
        "namespace": namespace,
        "name": name,
        "entries": [entry, "humanitecOrganisationID"],
        "private_keys": {entry: facts},
    }
    return {CLUSTER: {"secrets": [secret]}}


def with_clusters(case: Case, clusters: Document) -> Case:
    return replace(case, change=lambda tree: replace(case.change(tree), clusters=clusters))


def only_kubernetes(tree: Tree) -> Tree:
    return in_legacy_not_primary(tree.without("SecretStore").plus(STAND_IN, kubernetes_store()))


def with_cluster_using_agent(tree: Tree) -> Tree:
    """Let the runtime cluster use an Agent if there is one, otherwise the target itself."""
    kept = tree.without("Definition", "shop-runtime")
    if len(kept.documents) < len(tree.documents):
        return kept.plus(runtime(agent=True), agent())
    return tree.without("Definition").plus(cluster(agent=True), agent())


def looked_at(*documents: Document) -> Case:
    """A cluster that was read and is empty."""
    return with_clusters(case(*documents), {CLUSTER: {"objects": []}})


def two_organizations(tree: Tree) -> Tree:
    other = {
        "acme-next": {
            "organization": "acme",
            "mode": "direct",
            "primaryStore": "humanitec",
            "paths": ["next/**"],
        }
    }
    return replace(
        tree, target={**tree.target, "mode": "legacy"}, settings={**tree.settings, "targets": other}
    )


PRIVATE_KEY = foreign(
    "v1",
    "Secret",
    "key",
    "a",
    stringData={
        "private_key": "-----BEGIN PRIVATE KEY-----\n"
        "ThisIsNoRealKeyItOnlyLooksLikeOneThisIsNoRealKeyItOnlyLooksLike0\n"
        "-----END PRIVATE KEY-----\n"
    },
)
DEFAULT_DEFINITION = {
    "id": "default-humanitec-base-env",
    "name": "Default",
    "type": "base-env",
    "driver_type": "humanitec/template",
    "criteria": [{"id": "c", "class": "default"}],
    "is_default": True,
}
BUILT_IN_SECRET = {
    "id": "db",
    "name": "db",
    "type": "postgres",
    "driver_type": "humanitec/echo",
    "driver_inputs": {"secret_refs": {"password": {"store": "humanitec", "ref": "orgs/acme/db"}}},
    "criteria": [],
}
MADE_STORE = definition(
    "environment",
    "base-env",
    "humanitec/template",
    values={
        "templates": {
            "manifests": "store.yaml:\n  location: namespace\n  data:\n    apiVersion: humanitec.io/v1alpha1\n"
            "    kind: SecretStore\n    metadata: {name: team}\n"
        }
    },
)


def stores(kind: str, block: Document, **more: Any) -> Case:
    """One store of a kind: primary, unless the built-in one is."""

    def change(tree: Tree) -> Tree:
        return in_legacy_not_primary(
            tree.without("SecretStore").plus(store("other", **{"awssm": None, kind: block, **more}))
        )

    return changed(change)


def in_legacy_not_primary(tree: Tree) -> Tree:
    if "primaryStore" not in tree.target:
        return tree
    documents = []
    for document in tree.documents:
        registration = document.get("spec", {}).get("orchestrator")
        if document["kind"] != "SecretStore" or registration is None:
            documents.append(document)
            continue
        spec = {**document["spec"], "orchestrator": {**registration, "primary": False}}
        documents.append({**document, "spec": spec})
    return replace(tree, documents=tuple(documents))


def registered(**more: Any) -> Document:
    return {"primary": True, "auth": {"token": {"env": "TOKEN"}}, **more}


def both(row: str, case: Case) -> dict[tuple[str, str], Case]:
    return {(row, name): case for name in ("legacy", "direct, gitops")}


def every(row: str, case: Case) -> dict[tuple[str, str], Case]:
    return {(row, str(mode)): case for mode in Mode}


Cases = dict[tuple[str, str], Case]
"""Cases by row and column; C11 as the store of a reference is `C11 referred`."""
