"""What a cluster lacks before deployments can go through its Operator."""

import json
from typing import Any

import pytest

from reconciler.facts.operated_cluster import missing_key, missing_operator, missing_store
from reconciler.facts.scope import Scope
from reconciler.model.unread import Unread
from reconciler.vendor.operator import KINDS
from tests.matrix.matrix_trees import CLUSTER, FINGERPRINT, Document, Tree, definition, operator, scopes_of

NAMESPACE = "humanitec-operator-system"
STORE = {
    "apiVersion": "humanitec.io/v1alpha1",
    "kind": "SecretStore",
    "metadata": {"name": "aws", "namespace": NAMESPACE},
}
CRDS = [
    {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}}
    for name in (
        "secretstores.humanitec.io",
        "resources.humanitec.io",
        "workloads.humanitec.io",
        "workloadpatches.humanitec.io",
        "secretmappings.humanitec.io",
    )
]
CONTROLLER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "humanitec-operator-controller-manager", "namespace": NAMESPACE, "generation": 1},
    "spec": {"replicas": 1},
    "status": {
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
    },
}  # fmt: skip
PRIVATE = {"fingerprint": FINGERPRINT, "algorithm": "RSA", "bits": 4096, "is_encrypted": False}
SECRET = {
    "namespace": NAMESPACE,
    "name": "humanitec-operator-private-key",
    "entries": ["privateKey", "humanitecOrganisationID"],
    "private_keys": {"privateKey": PRIVATE},
}
LOCKED = {**SECRET, "private_keys": {"privateKey": {**PRIVATE, "fingerprint": "", "is_encrypted": True}}}
WHOLE: Document = {"objects": [*CRDS, CONTROLLER, STORE], "secrets": [SECRET]}
KEYS: Document = {"operator_keys": [{"id": "k", "fingerprint": FINGERPRINT, "public_key": "PEM"}]}
HOSTED = definition("db", "postgres", "humanitec/postgres-cloudsql")


def seen(
    *documents: Document, state: Document | None = WHOLE, live: Document | None = KEYS, **facts: Any
) -> Scope:
    tree = Tree(documents, live=live, clusters={} if state is None else {CLUSTER: state}).on(**facts)
    (scope,) = scopes_of(tree)
    return scope


def words(found: str | Unread) -> str:
    return f"unread: {found.reason}" if isinstance(found, Unread) else found


def of(scope: Scope) -> tuple[str, str, str]:
    return (
        words(missing_key(scope, CLUSTER)),
        words(missing_operator(scope, CLUSTER)),
        words(missing_store(scope, CLUSTER, "aws")),
    )


def without(*gone: Document, secrets: list[Document] | None = None, **more: Any) -> Document:
    kept = [one for one in WHOLE["objects"] if one not in gone]
    return {"objects": kept, "secrets": [SECRET] if secrets is None else secrets, **more}


def test_nothing_is_missing_where_everything_is_there() -> None:
    assert len(CRDS) == len(KINDS)
    assert of(seen(operator())) == ("", "", "")


def test_what_somebody_else_installs_is_looked_at_as_well() -> None:
    assert of(seen()) == ("", "", "")


@pytest.mark.parametrize(
    ("scope", "at", "said"),
    [
        pytest.param(seen(operator(), state=None), 0, "unread: it was not read", id="unread key"),
        pytest.param(seen(operator(), state=None), 1, "unread: it was not read", id="unread Operator"),
        pytest.param(seen(operator(), state=None), 2, "unread: it was not read", id="unread store"),
        pytest.param(seen(state=None), 1, "unread: whether it has an Operator is not known", id="nothing known"),
        pytest.param(seen(operator=False), 1, "it has no Operator", id="the settings say none"),
        pytest.param(seen(operator=True, state=None), 0, "unread: no document declares its Operator", id="others'"),
        pytest.param(seen(operator(), state=without(secrets=[])), 0, "Secret ", id="no Secret"),
        pytest.param(
            seen(operator(), state=without(secrets=[], complete=["apps/v1 Deployment"])),
            0,
            "unread: Secret ",
            id="Secrets unread",
        ),
        pytest.param(seen(operator(), live=None), 0, "unread: Operator keys", id="keys unread"),
        pytest.param(seen(operator(), live={"operator_keys": []}), 0, "the mounted key", id="not registered"),
        pytest.param(
            seen(operator(), state=without(secrets=[LOCKED])), 0, "unread: the key in Secret", id="passphrase"
        ),
        pytest.param(seen(operator(driverKey=None)), 0, "", id="no driver needs one"),
        pytest.param(seen(operator(driverKey=None), HOSTED), 0, "Operator eu-1 has no", id="a driver needs one"),
        pytest.param(seen(operator(), state=without(CRDS[0])), 1, "it does not have secretstores", id="kinds"),
        pytest.param(seen(operator(), state=without(CONTROLLER)), 1, "Deployment ", id="only declared"),
        pytest.param(seen(operator=True, state=without(CONTROLLER)), 1, "Deployment ", id="only in the settings"),
        pytest.param(
            seen(operator(), state=without(complete=["v1 Secret"])), 1, "unread: its Deployments", id="unread"
        ),
        pytest.param(seen(operator(), state=without(STORE)), 2, "there is no custom resource", id="no store"),
        pytest.param(
            seen(operator(), state=without(complete=["v1 Secret"])), 2, "unread: its custom", id="stores unread"
        ),
    ],
)  # fmt: skip
def test_each_lack_is_named_and_what_was_not_read_is_not_fine(scope: Scope, at: int, said: str) -> None:
    found = of(scope)[at]
    assert found.startswith(said)
    assert bool(found) is bool(said)


def test_two_default_stores_are_one_too_many() -> None:
    label = {"app.humanitec.io/default-store": "true"}
    stores = [
        {**STORE, "metadata": {"name": name, "namespace": NAMESPACE, "labels": label}}
        for name in ("aws", "b")
    ]
    state = json.loads(json.dumps({**WHOLE, "objects": [*CRDS, CONTROLLER, *stores]}))
    assert of(seen(operator(), state=state))[2] == "2 default stores, expected one: aws, b"
