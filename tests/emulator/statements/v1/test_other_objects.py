"""Secret stores, operator keys, types and drivers: statements that their own tests do not cover (v1 5 to 7)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.emulator.statements.v1.vectors import ED25519, RSA_2048, RSA_4096, RSA_4096_FINGERPRINT

STORES = "/orgs/acme/secretstores"
KEYS = "/orgs/acme/keys"
Given = Callable[..., Any]


def test_the_built_in_kind_cannot_be_registered(client: httpx.Client) -> None:
    answer = client.post(STORES, json={"id": "own-one", "primary": False, "humanitec": {}})

    assert answer.status_code == 400


def test_a_vault_may_name_an_agent_that_does_not_exist(client: httpx.Client) -> None:
    vault = {"url": "not even a url", "agent_id": "eu-9"}

    answer = client.post(STORES, json={"id": "eu-vault", "primary": False, "vault": vault})

    assert (answer.status_code, answer.json()["vault"]) == (201, vault)


def test_an_agent_may_be_deleted_while_a_vault_names_it(client: httpx.Client, given_agent: Given) -> None:
    given_agent()
    client.post(STORES, json={"id": "eu-vault", "primary": False, "vault": {"agent_id": "eu-1"}})

    answer = client.delete("/orgs/acme/agents/eu-1")

    assert answer.status_code == 204
    assert client.get(f"{STORES}/eu-vault").json()["vault"] == {"agent_id": "eu-1"}


def test_primary_may_be_null_or_absent_in_an_update(client: httpx.Client) -> None:
    before = client.post(STORES, json={"id": "eu-vault", "primary": False, "vault": {}}).json()

    answers = [client.patch(f"{STORES}/eu-vault", json=body) for body in ({}, {"primary": None})]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, before)] * 2


def test_an_operator_key_shows_six_members(client: httpx.Client) -> None:
    created = client.post(KEYS, json=RSA_4096).json()

    assert set(created) == {"id", "key", "fingerprint", "created_at", "created_by", "expired_at"}
    assert (created["key"], created["fingerprint"]) == (RSA_4096, RSA_4096_FINGERPRINT)
    assert created["expired_at"] > created["created_at"]


@pytest.mark.parametrize("pem", [RSA_2048, ED25519, RSA_4096.replace("\n", "\\n")])
def test_operator_keys_have_the_rules_of_agent_keys(client: httpx.Client, pem: str) -> None:
    answer = client.post(KEYS, json=pem)

    assert (answer.status_code, client.get(KEYS).json()) == (400, [])


def test_the_label_of_an_operator_key_is_ignored(client: httpx.Client) -> None:
    relabelled = RSA_4096.replace("PUBLIC KEY", "RSA PUBLIC KEY")

    created = client.post(KEYS, json=relabelled).json()

    assert (created["key"], created["fingerprint"]) == (relabelled, RSA_4096_FINGERPRINT)


def test_operator_keys_cannot_be_changed(client: httpx.Client) -> None:
    created = client.post(KEYS, json=RSA_4096).json()

    answers = [client.request(verb, f"{KEYS}/{created['id']}", json=RSA_4096) for verb in ("PUT", "PATCH")]

    assert [answer.status_code for answer in answers] == [405, 405]


def test_an_operator_key_is_not_addressed_by_its_fingerprint(client: httpx.Client) -> None:
    client.post(KEYS, json=RSA_4096)

    answer = client.get(f"{KEYS}/{RSA_4096_FINGERPRINT}")

    assert answer.status_code == 404


USES = {
    "implicit": ("base-env", "k8s-cluster", "k8s-namespace", "workload"),
    "indirect": ("agent",),
}
TYPES = (
    "agent", "aws-policy", "aws-role", "azure-blob", "base-env", "config", "dns", "endpoint", "gcs",
    "horizontal-pod-autoscaler", "ingress", "k8s-cluster", "k8s-namespace", "k8s-service-account", "logging",
    "mysql", "mysql-instance", "postgres", "redis", "route", "s3", "tls-cert", "volume", "workload",
)  # fmt: skip
DRIVERS = (
    "agent", "container", "dns-wildcard", "echo", "hpa", "ingress", "k8s-cluster", "k8s-cluster-aks",
    "k8s-cluster-eks", "k8s-cluster-git", "k8s-cluster-gke", "opentofu-container-runner", "template", "terraform",
    "volume-nfs", "volume-pvc", "static", "s3", "dns-aws-route53", "dns-cloudflare", "postgres-cloudsql",
    "postgres-cloudsql-static", "newapp-io-dns", "logging-gcp", "logging-k8s",
)  # fmt: skip


def test_types_of_public_definitions_exist_from_the_start(client: httpx.Client) -> None:
    listed = client.get("/orgs/acme/resources/types").json()

    assert {item["type"] for item in listed} >= set(TYPES)
    members = {"type", "use", "name", "category", "inputs_schema", "outputs_schema"}
    assert all(set(item) == members for item in listed)


@pytest.mark.parametrize("use", USES)
def test_types_say_how_they_are_used(client: httpx.Client, use: str) -> None:
    listed = {item["type"]: item["use"] for item in client.get("/orgs/acme/resources/types").json()}

    assert {listed[name] for name in USES[use]} == {use}


def test_drivers_of_public_definitions_exist_from_the_start(client: httpx.Client) -> None:
    listed = client.get("/orgs/acme/resources/drivers").json()

    public = {item["id"]: item for item in listed if item["org_id"] == "humanitec"}
    assert set(public) >= set(DRIVERS)
    assert all("target" not in item for item in public.values())
