"""Names of clusters in documents that are almost those of the settings: F16."""

import pytest

from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.declaration import Declarations
from reconciler.settings import Limits
from reconciler.source.cluster_name import misspelt_clusters
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree

HEAD = "apiVersion: reconciler/v1alpha1\nkind: {}\nmetadata: {{id: {}}}\nspec: "
PEM = (
    "-----BEGIN PUBLIC KEY-----",
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "-----END PUBLIC KEY-----",
)
KEY = "\\n".join((*PEM, ""))
RUNNER = (
    f'{{runner_configuration: {{type: kubernetes-agent, key: "{KEY}", job: {{namespace: a, service_account: b}}}}, '
    "state_storage_configuration: {type: kubernetes, namespace: a}, install: {cluster: eu1}}"
)
DOCUMENTS = {
    "install": HEAD.format("Agent", "eu-1") + "{install: {cluster: eu1}}",
    "further install": HEAD.format("Agent", "eu-1") + "{moreInstalls: [{cluster: eu-1}, {cluster: eu1}]}",
    "runner": HEAD.format("Runner", "jobs") + RUNNER,
    "private half": HEAD.format("Key", "k")
    + f'{{for: {{agent: eu-1}}, publicKey: "{KEY}", '
    + "privateKey: {cluster: eu1, namespace: a, secret: b}}",
    "operator": HEAD.format("Operator", "here") + "{cluster: eu1}",
    "store": HEAD.format("SecretStore", "vault") + "{awssm: {region: a}, clusters: [{cluster: eu1}]}",
}


def declared(text: str) -> Declarations:
    tree = Tree("here", "", is_dirty=False, files={"a.yaml": f"{text}\n".encode()})
    loaded = Loader(Limits(), inspect_public_key).load(tree)
    assert loaded.findings == ()
    return loaded


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_misspelt_cluster_is_a_warning_at_its_place_with_the_name_that_was_meant(document: str) -> None:
    (found,) = misspelt_clusters(declared(document), ["eu-1", "us-1"])
    column = document.splitlines()[-1].index("eu1") + 1
    assert (found.rule, found.severity, str(found.origin)) == ("F16", "warning", f"a.yaml:4:{column}")
    assert found.message == "the cluster `eu1` is not in the settings"
    assert found.advice == "did you mean `eu-1`? If not, add `clusters.eu1` to the settings"


@pytest.mark.parametrize(
    ("name", "clusters"),
    [
        ("eu-1", ["eu-1", "eu1"]),
        ("eu-2", ["eu-1"]),
        ("eu-12", ["eu-1"]),
        ("us-1", ["eu-1"]),
        ("staging", ["eu-1"]),
        ("eu1", []),
    ],
)
def test_another_cluster_is_left_alone(name: str, clusters: list[str]) -> None:
    """The clusters of a series, and those that somebody else applies to, need not be in the settings."""
    document = HEAD.format("Operator", "here") + f"{{cluster: {name}}}"
    assert misspelt_clusters(declared(document), clusters) == ()
