"""Documents and whole trees from which the cases of the matrix are built."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.facts.scope import Scope
from reconciler.rules.judge import Judgement
from reconciler.settings import Mode, Settings
from tests.rules.observed import clusters_from, live_from
from tests.rules.pages_on_disk import example
from tests.rules.tree import declare, judge_all, scope

Document = dict[str, Any]
TARGET = "shop"
CLUSTER = "eu-1"
FINGERPRINT = "7a8053884377bc9a598beafd009caf831a4066bdb5cba6192a4c4078241f50f3"
AGENT_URL = "${resources['agent.default#agent'].outputs.url}"


def _pem(rule: str, case: str) -> str:
    found = re.search(
        r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", example(rule, case).objects, re.DOTALL
    )
    assert found is not None
    return "".join(f"{line.strip()}\n" for line in found[0].splitlines())


RSA, SHORT_RSA, ED25519 = _pem("R12", "right"), _pem("R13", "wrong"), _pem("R17", "right")


@dataclass(frozen=True)
class Tree:
    """What is declared, set, live and found. `settings` are members in addition to those of target `acme`."""

    documents: tuple[Document, ...]
    target: Document = field(default_factory=dict)
    settings: Document = field(default_factory=dict)
    live: Document | None = None
    clusters: Document = field(default_factory=dict)

    def plus(self, *documents: Document) -> "Tree":
        return replace(self, documents=(*self.documents, *documents))

    def without(self, kind: str, identifier: str | None = None) -> "Tree":
        kept = (
            document
            for document in self.documents
            if document.get("kind") != kind or identifier not in (None, document["metadata"]["id"])
        )
        return replace(self, documents=tuple(kept))

    def on(self, **facts: Any) -> "Tree":
        """Facts about the target's cluster."""
        clusters = {CLUSTER: {"definitions": [TARGET], **facts}}
        return replace(self, settings={**self.settings, "clusters": clusters})


def own(kind: str, identifier: str, **spec: Any) -> Document:
    return {"apiVersion": "reconciler/v1alpha1", "kind": kind, "metadata": {"id": identifier}, "spec": spec}


def definition(
    identifier: str,
    type_: str,
    driver: str,
    *,
    values: Document | None = None,
    secrets: Document | None = None,
    refs: Document | None = None,
    criteria: Iterable[Document] = ({"env_type": "production"},),
    **entity: Any,
) -> Document:
    inputs = {"values": values or {}}
    if secrets is not None:
        inputs["secrets"] = secrets
    if refs is not None:
        inputs["secret_refs"] = refs
    body = {"name": identifier, "type": type_, "driver_type": driver, "driver_inputs": inputs}
    return {
        "apiVersion": "entity.humanitec.io/v1b1",
        "kind": "Definition",
        "metadata": {"id": identifier},
        "entity": {**body, "criteria": list(criteria), **entity},
    }


def cluster(*, agent: bool = False, identifier: str = TARGET, **more: Any) -> Document:
    secrets = {"agent_url": AGENT_URL} if agent else None
    return definition(
        identifier,
        "k8s-cluster",
        "humanitec/k8s-cluster-eks",
        values={"name": CLUSTER},
        secrets=secrets,
        **more,
    )


def git(*, agent: bool = False, host: str = "git.example.com", identifier: str = TARGET) -> Document:
    secrets: Document = {"credentials": {"ssh_key": "${resources['config#git'].outputs.key}"}}
    if agent:
        secrets["agent_url"] = AGENT_URL
    path = f"{identifier}/${{context.app.id}}/${{context.env.id}}"
    return definition(
        identifier,
        "k8s-cluster",
        "humanitec/k8s-cluster-git",
        values={"url": f"git@{host}:acme/manifests.git", "path": path},
        secrets=secrets,
        provision={"k8s-cluster#k8s-cluster-runtime": {"is_dependent": False, "match_dependents": False}},
    )


def runtime(*, agent: bool = False) -> Document:
    where = [{"env_type": "production", "res_id": "k8s-cluster-runtime"}]
    return cluster(agent=agent, identifier="shop-runtime", criteria=where)


def agent(identifier: str = CLUSTER, *, organizations: list[str] | None = None, **install: Any) -> Document:
    spec: Document = {"definition": {"id": f"{identifier}-agent", "criteria": [{"res_id": "agent"}]}}
    spec["organizations"] = organizations or ["acme"]
    fixed = {"cluster": CLUSTER, "namespace": "humanitec-agent", "image": "ghcr.io/humanitec/agent:1.8.4"}
    given = {**fixed, "orgs": spec["organizations"], **install}
    spec["install"] = {name: value for name, value in given.items() if value is not None}
    return own("Agent", identifier, **spec)


def operator(identifier: str = CLUSTER, **spec: Any) -> Document:
    return own(
        "Operator",
        identifier,
        **{
            "cluster": CLUSTER,
            "chartVersion": "0.8.0",
            "appVersion": "0.22.0",
            "driverKey": {"fingerprint": FINGERPRINT},
            **spec,
        },
    )


def store(identifier: str = "aws", *, auth: bool = True, on_cluster: bool = True, **spec: Any) -> Document:
    registration: Document = {"primary": True}
    if auth:
        registration["auth"] = {"access_key_id": {"env": "KEY_ID"}, "secret_access_key": {"env": "KEY"}}
    given: Document = {"awssm": {"region": "eu-central-1"}, "orchestrator": registration}
    if on_cluster:
        given["clusters"] = [{"cluster": CLUSTER, "default": True, "auth": {}}]
    given.update(spec)
    return own(
        "SecretStore", identifier, **{name: value for name, value in given.items() if value is not None}
    )


def kubernetes_store() -> Document:
    return own(
        "SecretStore",
        "in-cluster",
        kubernetes={"namespace": "secrets"},
        clusters=[{"cluster": CLUSTER, "default": True}],
    )


STAND_IN = store(
    "stand-in", auth=False, on_cluster=False, awssm=None, gcpsm={"project_id": "fake-to-leave-legacy"}
)
NAMESPACE = definition(
    "namespace",
    "k8s-namespace",
    "humanitec/echo",
    values={"namespace": "${context.app.id}-${context.env.id}"},
)
REFERENCE: Document = {"password": {"store": "aws", "ref": "db-password"}}
POSTGRES = definition("db", "postgres", "humanitec/echo", refs=REFERENCE)


def base(mode: Mode, *, agent_used: bool = False) -> Tree:
    """A target in a mode with everything that it needs, and an Agent only if one is used."""
    documents: list[Document] = [] if not agent_used else [agent()]
    settings: Document = {
        "clusters": {CLUSTER: {"definitions": [TARGET], "platform": "eks", "kubernetesVersion": "1.31"}}
    }
    if mode is Mode.LEGACY:
        tree = Tree((cluster(agent=agent_used), *documents), {"primaryStore": "humanitec"}, settings)
    else:
        target = (
            [git(agent=agent_used), runtime(), NAMESPACE]
            if mode is Mode.GITOPS
            else [cluster(agent=agent_used)]
        )
        tree = Tree((*target, operator(), store(), *documents), {}, settings)
    return replace(tree, live={"operator_keys": [{"id": "k", "fingerprint": FINGERPRINT}]})


STORE_CLASSES: Mapping[str, Callable[[Tree], Tree]] = {
    "P0": lambda tree: replace(tree, target={"primaryStore": "humanitec"}),
    "P1": lambda tree: tree.plus(store()),
    "P2": lambda tree: tree.plus(store(auth=False)),
    "P3": lambda tree: tree.plus(STAND_IN, kubernetes_store()),
}


def of_table_a(mode: Mode, *, has_agent: bool, store_class: str) -> Tree:
    """A target declared to be in a mode, whatever mode results from the store."""
    tree = base(mode, agent_used=has_agent).without("SecretStore")
    if mode is not Mode.GITOPS:
        tree = replace(tree, target={"mode": mode})
    made = STORE_CLASSES[store_class](replace(tree, target={}))
    tree = replace(made, target={**tree.target, **made.target} if mode is not Mode.GITOPS else made.target)
    if store_class == "P2":
        plain = definition("cache", "redis", "humanitec/echo", refs=REFERENCE)
        tree = tree.plus(plain)
    return tree


def settings_of(tree: Tree) -> Settings:
    others = tree.settings.get("targets", {})
    given: Document = {**tree.settings, "version": 1}
    given["targets"] = {"acme": {"organization": "acme", **tree.target}, **others}
    return Settings.model_validate(given, strict=False)


def scopes_of(tree: Tree) -> list[Scope]:
    """Scopes of every target; all see the same files."""
    chosen = settings_of(tree)
    declared = declare(*(json.dumps(document) for document in tree.documents))
    state = None if tree.live is None else live_from(json.dumps(tree.live))
    clusters = clusters_from(json.dumps(tree.clusters)) if tree.clusters else {}
    return [
        scope(declared, live=state, settings=chosen, clusters=clusters, target=name)
        for name in chosen.targets
    ]


def judged_tree(tree: Tree) -> Judgement:
    scopes = scopes_of(tree)
    return judge_all(scopes, scopes[0].settings)
