"""Definitions around agents and GitOps clusters (v1 sections 4.11 and 4.12)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

DEFS = "/orgs/acme/resources/defs"
Given = Callable[..., Any]

GIT = {
    "url": "git@example.com:team/manifests.git",
    "branch": "main",
    "path": "${context.app.id}/${context.env.id}",
}
RUNTIME = {"k8s-cluster#k8s-cluster-runtime": {"is_dependent": False, "match_dependents": False}}


def test_an_agent_definition_names_its_agent_in_its_values(
    given_agent: Given, given_definition: Given
) -> None:
    given_agent()

    created = given_definition(
        "eu-1x",
        type="agent",
        driver_type="humanitec/agent",
        driver_inputs={"values": {"id": "eu-1"}},
        criteria=[{"env_type": "development", "res_id": "agent"}],
    )

    assert created["driver_inputs"] == {"values": {"id": "eu-1"}}
    assert created["criteria"][0]["class"] == "default"


@pytest.mark.parametrize("form", ["secrets", "secret_refs"])
@pytest.mark.parametrize(
    "url",
    [
        "${resources['agent#agent'].outputs.url}",
        "${resources['agent.default#agent'].outputs.url}",
        "${resources['agent.default#runner'].outputs.url}",
        "${resources.agent.outputs.url}",
    ],
)
def test_a_cluster_may_refer_to_its_agent_in_every_observed_form(
    given_definition: Given, url: str, form: str
) -> None:
    sent = {"secrets": {"agent_url": url}, "secret_refs": {"agent_url": {"value": url}}}[form]

    created = given_definition(
        type="k8s-cluster", driver_type="humanitec/k8s-cluster-gke", driver_inputs={form: sent}
    )

    assert created["driver_inputs"]["secret_refs"]["agent_url"]["value"] == url


@pytest.mark.parametrize("credentials", [{"ssh_key": "a private key"}, {"password": "a token"}])
def test_a_gitops_cluster_is_kept_with_its_runtime_cluster(
    client: httpx.Client, given_definition: Given, credentials: dict[str, str]
) -> None:
    given_definition(
        "team-gitops",
        type="k8s-cluster",
        driver_type="humanitec/k8s-cluster-git",
        driver_inputs={"values": GIT, "secrets": {"credentials": credentials}},
        provision=RUNTIME,
    )

    read = client.get(f"{DEFS}/team-gitops")

    assert read.json()["driver_inputs"]["values"] == GIT
    assert read.json()["provision"] == RUNTIME
    assert set(read.json()["driver_inputs"]["secret_refs"]["credentials"]) == set(credentials)
    assert not any(text in read.text for text in credentials.values())


def test_a_gitops_cluster_may_come_from_a_template(given_definition: Given) -> None:
    templates = {
        "outputs": "cluster_type: git\nurl: https://git.example\nbranch: ''\npath: p\n",
        "secrets": "credentials:\n  password: {{ .driver.secrets.token }}\n",
    }

    created = given_definition(
        type="k8s-cluster",
        driver_type="humanitec/template",
        driver_inputs={"values": {"templates": templates}},
    )

    assert created["driver_inputs"]["values"]["templates"] == templates
