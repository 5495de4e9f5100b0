"""Secret stores as custom resources, in the spelling of clusters."""

from typing import Any

import pytest

from reconciler.footprint.value import Footprint, SecretEntry
from tests.footprint.documents import footprints, operator

NAMESPACE = "humanitec-operator-system"


def store(block: str, *clusters: str, identifier: str = "platform", more: str = "") -> str:
    entries = f"  clusters: [{', '.join(clusters)}]\n" if clusters else ""
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {{id: {identifier}}}\n"
        f"spec:\n  {block}\n{entries}{more}"
    )


def of_stores(*documents: str) -> list[Footprint]:
    return [one for one in footprints(*documents) if one.installation.startswith("SecretStore/")]


def body(document: str) -> Any:
    (found,) = of_stores(document)
    assert found.refusal == ""
    (made,) = found.objects
    return made


EU = "{cluster: eu-1}"
SPELLED = {
    "awssm: {region: eu-central-1, endpoint: 'https://aws.test'}": {
        "awssm": {"region": "eu-central-1", "auth": {}}
    },
    "azurekv: {tenant_id: t, url: 'https://kv.test'}": {
        "azurekv": {"tenantID": "t", "url": "https://kv.test", "auth": {}}
    },
    "gcpsm: {project_id: acme}": {"gcpsm": {"projectID": "acme", "auth": {}}},
    "vault: {url: 'https://v.test', path: p, agent_id: eu-1}": {
        "vault": {"url": "https://v.test", "path": "p"}
    },
    "kubernetes: {namespace: secrets}": {"kubernetes": {"namespace": "secrets"}},
}


@pytest.mark.parametrize("block", SPELLED)
def test_each_kind_is_spelled_as_the_cluster_does(block: str) -> None:
    found = body(store(block, EU))
    assert found["spec"] == SPELLED[block]
    assert (found["apiVersion"], found["kind"]) == ("humanitec.io/v1alpha1", "SecretStore")
    metadata = found["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("platform", NAMESPACE)
    assert metadata["labels"] == {"app.kubernetes.io/managed-by": "reconciler", "reconciler/instance": "prod"}
    assert metadata["annotations"] == {"reconciler/installation": "SecretStore/platform"}


def test_the_default_store_has_the_label() -> None:
    found = body(store("gcpsm: {project_id: a}", "{cluster: eu-1, default: true}"))
    assert found["metadata"]["labels"]["app.humanitec.io/default-store"] == "true"


def test_what_differs_on_a_cluster_counts_there() -> None:
    found = body(store("gcpsm: {project_id: a}", "{cluster: eu-1, differing: {projectID: '123'}}"))
    assert found["spec"] == {"gcpsm": {"projectID": "123", "auth": {}}}


def test_credentials_are_references_that_are_waited_for() -> None:
    auth = "{accessKeyIDSecretRef: {name: aws, key: id}, secretAccessKeySecretRef: {name: aws, key: secret}}"
    (found,) = of_stores(store("awssm: {region: r}", f"{{cluster: eu-1, auth: {auth}}}"))
    assert found.credentials == (SecretEntry(NAMESPACE, "aws", "id"), SecretEntry(NAMESPACE, "aws", "secret"))
    assert found.secrets == ()
    (made,) = found.objects
    spec: Any = made["spec"]
    assert spec["awssm"]["auth"]["accessKeyIDSecretRef"] == {"name": "aws", "key": "id"}


def test_several_stores_may_share_their_credentials() -> None:
    auth = "auth: {tokenSecretRef: {name: vault, key: token}}"
    documents = [
        store("vault: {url: u}", f"{{cluster: eu-1, {auth}}}", identifier=name) for name in ("a-1", "b-2")
    ]
    assert [one.refusal for one in of_stores(*documents)] == ["", ""]


def test_a_value_never_becomes_part_of_a_custom_resource() -> None:
    """R78 refuses it before; it can be switched off."""
    (found,) = of_stores(store("vault: {url: u}", "{cluster: eu-1, auth: {token: hvs.abc}}"))
    assert "`auth.token` is a value" in found.refusal
    assert "hvs" not in found.refusal
    assert found.objects == ()


def test_the_namespace_is_that_of_the_operator() -> None:
    there = operator("{cluster: eu-1, namespace: operators}")
    (found,) = of_stores(there, store("gcpsm: {project_id: a}", EU))
    assert found.objects[0]["metadata"]["namespace"] == "operators"  # type: ignore[index, call-overload]  # an object
    (found,) = of_stores(there, store("gcpsm: {project_id: a}", "{cluster: eu-1, namespace: shop}"))
    assert found.objects[0]["metadata"]["namespace"] == "shop"  # type: ignore[index, call-overload]  # as above


def test_a_store_that_names_no_clusters_is_wherever_an_operator_can_use_it() -> None:
    documents = operator("{cluster: eu-1}"), operator("{cluster: gke-1, secretStores: [other]}", "gke")
    found = of_stores(*documents, store("gcpsm: {project_id: a}"))
    assert [one.cluster for one in found] == ["eu-1"]
    assert of_stores(*documents, store("vault: {url: u}")) == []
    assert of_stores(*documents, store("gcpsm: {project_id: a}", more="  clusters: []\n")) == []
    assert of_stores(operator("{cluster: far}"), store("gcpsm: {project_id: a}")) == []
    assert of_stores(operator("{cluster: eu-1, organization: beta}"), store("gcpsm: {project_id: a}")) == []


def test_two_documents_cannot_be_one_custom_resource() -> None:
    first, second = of_stores(store("gcpsm: {project_id: a}", EU), store("gcpsm: {project_id: b}", EU))
    assert first.refusal == ""
    assert "another document declares it" in second.refusal
