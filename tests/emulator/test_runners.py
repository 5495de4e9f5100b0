"""Runners: create, read, PATCH per part, delete (v2 section 5)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

RUNNERS = "/orgs/acme/runners"
Make = Callable[..., dict[str, Any]]

KUBERNETES = {
    "type": "kubernetes",
    "job": {"namespace": "jobs", "service_account": "job"},
    "cluster": {
        "cluster_data": {"certificate_authority_data": "Y2E=", "server": "https://cluster"},
        "auth": {"service_account_token": "the-token", "client_key_data": "the-key"},
    },
}
GKE = {
    "type": "kubernetes-gke",
    "job": {"namespace": "jobs", "service_account": "job"},
    "cluster": {
        "name": "c",
        "project_id": "p",
        "location": "europe-west1",
        "auth": {"gcp_audience": "a", "gcp_service_account": "s"},
    },
}
ROLE = "arn:aws:iam::123456789012:role/runner"
EKS = {
    "type": "kubernetes-eks",
    "job": {"namespace": "jobs", "service_account": "job"},
    "cluster": {"name": "c", "region": "eu-west-1", "auth": {"role_arn": ROLE}},
}
ECS = {
    "type": "serverless-ecs",
    "auth": {"role_arn": ROLE, "session_name": "name"},
    "job": {
        "region": "eu-west-1",
        "cluster": "c",
        "subnets": ["subnet-1"],
        "execution_role_arn": ROLE,
        "is_public_ip_enabled": False,
        "security_groups": [],
        "environment": {},
        "secrets": {},
    },
}
S3 = {"type": "s3", "bucket": "state-bucket", "path_prefix": "a/b/"}
STORAGES = [
    {"type": "kubernetes", "namespace": "jobs"},
    S3,
    {"type": "gcs", "bucket": "state-bucket"},
    {"type": "azurerm", "storage_account_name": "a", "container_name": "c"},
]


def test_a_runner_is_answered_with_201_and_read_back_as_sent(client: httpx.Client, runner: Make) -> None:
    answer = client.post(RUNNERS, json=runner(description=""))

    assert answer.status_code == 201
    stamps = {"created_at": "2026-03-01T08:00:00.000000Z", "updated_at": "2026-03-01T08:00:00.000000Z"}
    assert answer.json() == {"org_id": "acme", **runner(description=""), **stamps}
    assert client.get(f"{RUNNERS}/runner-one").json() == answer.json()


@pytest.mark.parametrize("configuration", [KUBERNETES, GKE, EKS], ids=lambda item: item["type"])
@pytest.mark.parametrize("storage", STORAGES, ids=lambda item: item["type"])
def test_kubernetes_types_accept_every_storage(
    client: httpx.Client, runner: Make, configuration: Any, storage: Any
) -> None:
    body = runner(runner_configuration=configuration, state_storage_configuration=storage)

    answer = client.post(RUNNERS, json=body)

    assert answer.status_code == 201, answer.text
    assert answer.json()["state_storage_configuration"] == storage


def test_ecs_accepts_only_s3_and_drops_empty_members(client: httpx.Client, runner: Make) -> None:
    body = runner(
        runner_configuration=ECS, state_storage_configuration={"type": "gcs", "bucket": "state-bucket"}
    )
    refused = client.post(RUNNERS, json=body)
    created = client.post(RUNNERS, json={**body, "state_storage_configuration": S3}).json()

    assert refused.status_code == 400
    assert refused.json()["message"] == (
        "state storage type 'gcs' is not compatible with runner type 'serverless-ecs', it must be one of [s3]"
    )
    assert set(created["runner_configuration"]["job"]) == {
        "region",
        "cluster",
        "subnets",
        "execution_role_arn",
    }


def test_gke_gets_its_default_written_into_the_body(client: httpx.Client, runner: Make) -> None:
    created = client.post(RUNNERS, json=runner(runner_configuration=GKE)).json()

    assert created["runner_configuration"]["cluster"]["internal_ip"] is False


def test_credentials_read_back_as_a_placeholder_for_each_field_set(
    emulator: Emulator, client: httpx.Client, runner: Make
) -> None:
    answer = client.post(RUNNERS, json=runner(runner_configuration=KUBERNETES))

    auth = answer.json()["runner_configuration"]["cluster"]["auth"]
    assert auth == {"service_account_token": "SECRET", "client_key_data": "SECRET"}
    assert "the-token" not in answer.text
    assert emulator.credentials("acme", "runner-one") == {
        "version": 1,
        "auth": {"service_account_token": "the-token", "client_key_data": "the-key"},
    }


def test_a_placeholder_sent_back_is_stored_as_the_credential(
    emulator: Emulator, client: httpx.Client, runner: Make
) -> None:
    created = client.post(RUNNERS, json=runner(runner_configuration=KUBERNETES)).json()

    client.patch(f"{RUNNERS}/runner-one", json={"runner_configuration": created["runner_configuration"]})

    held = emulator.credentials("acme", "runner-one")
    assert held is not None
    assert held["auth"]["service_account_token"] == "SECRET"


def test_a_create_that_conflicts_still_writes_the_credential(
    emulator: Emulator, client: httpx.Client, runner: Make
) -> None:
    client.post(RUNNERS, json=runner(runner_configuration=KUBERNETES))

    answer = client.post(RUNNERS, json=runner(runner_configuration=KUBERNETES))

    assert answer.status_code == 409
    assert answer.json() == {"error": "HTTP-409", "message": "runner with id runner-one already exists"}
    held = emulator.credentials("acme", "runner-one")
    assert held is not None
    assert held["version"] == 2


def test_an_unknown_organization_lists_nothing_and_accepts_nothing(
    client: httpx.Client, runner: Make
) -> None:
    assert client.get("/orgs/nobody/runners").json() == {"items": []}
    assert client.get("/orgs/nobody/runners/x").status_code == 404

    answer = client.post("/orgs/nobody/runners", json=runner())

    assert answer.status_code == 409
    assert answer.json()["message"].startswith("organization not found; register it: POST /admin/orgs")


def test_an_organization_can_be_created(client: httpx.Client, runner: Make) -> None:
    assert client.post("/admin/orgs", json={"id": "second"}).status_code == 201
    assert client.post("/admin/orgs", json={"id": "second"}).status_code == 409
    assert client.post("/admin/orgs", json={"id": "-bad-"}).status_code == 400

    assert client.post("/orgs/second/runners", json=runner()).status_code == 201


def test_an_empty_patch_only_moves_updated_at(emulator: Emulator, client: httpx.Client, runner: Make) -> None:
    created = client.post(RUNNERS, json=runner()).json()
    emulator.clock.advance(seconds=5)

    patched = client.patch(f"{RUNNERS}/runner-one", json={})

    assert patched.status_code == 200
    moved = datetime.fromisoformat(patched.json()["updated_at"]) - datetime.fromisoformat(
        created["updated_at"]
    )
    assert moved == timedelta(seconds=5)
    assert {**patched.json(), "updated_at": ""} == {**created, "updated_at": ""}


def test_a_part_that_is_present_replaces_the_whole_stored_part(client: httpx.Client, runner: Make) -> None:
    body = runner()
    body["runner_configuration"]["job"]["pod_template"] = {"metadata": {"labels": {"a": "b"}}}
    client.post(RUNNERS, json=body)
    job = {"namespace": "other", "service_account": "job"}

    change = {"runner_configuration": {"type": "kubernetes-agent", "job": job}}
    patched = client.patch(f"{RUNNERS}/runner-one", json=change).json()

    assert patched["runner_configuration"]["job"] == job
    assert patched["runner_configuration"]["key"] == body["runner_configuration"]["key"]


def test_the_key_alone_can_be_replaced(
    client: httpx.Client, runner: Make, ed25519_pem: Callable[[int], str]
) -> None:
    client.post(RUNNERS, json=runner())
    change = {"runner_configuration": {"type": "kubernetes-agent", "key": ed25519_pem(2).rstrip("\n")}}

    patched = client.patch(f"{RUNNERS}/runner-one", json=change).json()

    assert patched["runner_configuration"]["key"] == ed25519_pem(2).rstrip("\n")
    assert patched["runner_configuration"]["job"] == runner()["runner_configuration"]["job"]


def test_storage_is_replaced_as_a_whole_and_keeps_unknown_members(client: httpx.Client, runner: Make) -> None:
    client.post(RUNNERS, json=runner(state_storage_configuration=S3))
    storage = {"type": "s3", "bucket": "other-bucket", "path-prefix": "typo"}

    patched = client.patch(f"{RUNNERS}/runner-one", json={"state_storage_configuration": storage}).json()

    assert patched["state_storage_configuration"] == storage


def test_the_type_cannot_change(client: httpx.Client, runner: Make) -> None:
    client.post(RUNNERS, json=runner())

    answer = client.patch(f"{RUNNERS}/runner-one", json={"runner_configuration": EKS})

    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "runner type kubernetes-eks does not match existing runner type kubernetes-agent"
    )


@pytest.mark.parametrize("member", ["description", "runner_configuration", "state_storage_configuration"])
def test_null_is_refused_in_a_patch(client: httpx.Client, runner: Make, member: str) -> None:
    client.post(RUNNERS, json=runner())

    answer = client.patch(f"{RUNNERS}/runner-one", json={member: None})

    assert answer.status_code == 400
    assert answer.json()["message"].endswith(f'Error at "/{member}": Value is not nullable')


def test_deleting_a_runner_deletes_its_rules(client: httpx.Client, runner: Make) -> None:
    client.post(RUNNERS, json=runner())
    client.post("/orgs/acme/runner-rules", json={"runner_id": "runner-one"})

    assert client.delete(f"{RUNNERS}/runner-one").status_code == 204

    assert client.get("/orgs/acme/runner-rules").json() == {"items": []}
    assert client.delete(f"{RUNNERS}/runner-one").json()["message"] == "runner not found"


def test_environments_block_the_deletion_and_at_most_ten_are_named(
    emulator: Emulator, client: httpx.Client, runner: Make
) -> None:
    envs = [
        {"id": f"env-{number:02}", "project": "shop", "env_type_id": "dev", "runner_id": "runner-one"}
        for number in range(12)
    ]
    emulator.seed(
        {
            "organization": "acme",
            "runners": [runner()],
            "env_types": [{"id": "dev"}],
            "projects": [{"id": "shop"}],
            "environments": envs,
        }
    )

    answer = client.delete(f"{RUNNERS}/runner-one")

    named = ", ".join(f"shop/env-{number:02}" for number in range(10))
    assert answer.status_code == 409
    assert answer.json()["message"] == f"runner runner-one is in use by the environments: {named}"


def test_lists_are_summaries_in_order_of_ids_with_page_tokens(client: httpx.Client, runner: Make) -> None:
    for name in ("cc", "aa", "bb", "dd"):
        client.post(RUNNERS, json=runner(name))

    first = client.get(RUNNERS, params={"per_page": 2, "byRunnerType": "serverless-ecs"}).json()
    client.delete(f"{RUNNERS}/bb")
    client.post(RUNNERS, json=runner("ab"))
    second = client.get(RUNNERS, params={"per_page": 2, "page": first["next_page_token"]}).json()

    assert [item["id"] for item in first["items"]] == ["aa", "bb"]
    assert [item["id"] for item in second["items"]] == ["cc", "dd"]
    assert "next_page_token" not in second
    assert first["items"][0]["runner_configuration"] == {"type": "kubernetes-agent"}
    assert first["items"][0]["state_storage_configuration"] == {"type": "kubernetes"}


def test_page_sizes_below_one_count_as_one_and_words_are_refused(client: httpx.Client, runner: Make) -> None:
    for name in ("aa", "bb"):
        client.post(RUNNERS, json=runner(name))

    assert len(client.get(RUNNERS, params={"per_page": 0}).json()["items"]) == 1
    assert len(client.get(RUNNERS, params={"per_page": -7}).json()["items"]) == 1
    refused = client.get(RUNNERS, params={"per_page": "abc"})
    assert refused.status_code == 400
    assert refused.json()["message"] == (
        'parameter "per_page" in query has an error: value abc: an invalid integer: invalid syntax'
    )


def test_wrong_methods_and_trailing_slashes_are_404(client: httpx.Client) -> None:
    assert client.put(f"{RUNNERS}/x", json={}).json() == {
        "error": "HTTP-404",
        "message": "method not allowed",
    }
    for path in (f"{RUNNERS}/", "/orgs/acme/envs", "/nowhere"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["message"]) == (404, "no matching operation was found")


def test_health_needs_no_identity(client: httpx.Client) -> None:
    client.headers.pop("Authorization")

    assert client.get("/alive").text == "alive"
    assert client.get("/health").json()["status"] == "OK"
