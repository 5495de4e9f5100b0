"""Runners: create, update, delete, secrets, and what reads back differently (v2 section 5)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from tests.emulator.statements.v2.bodies import ECS, GKE, JOB, K8S_STORAGE, KUBERNETES, ROLE, S3, changed

Given = Callable[..., dict[str, Any]]
RUNNERS = "/orgs/acme/runners"
ONE = f"{RUNNERS}/runner-one"
AGENT = "kubernetes-agent"
MISMATCH = f"the supplied runner configuration does not match the specified runner type {AGENT}: "
UNSUITABLE = "is not compatible with runner type 'serverless-ecs', it must be one of [s3]"


def _patched(client: httpx.Client, **members: Any) -> dict[str, Any]:
    answer = client.patch(ONE, json=members)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize("name", ["ab", "a_", "a-", "a--b", "r9_-x", "a" * 300])
def test_an_id_has_at_least_two_characters_and_no_longest_length(given_runner: Given, name: str) -> None:
    created = given_runner(name)

    assert created["id"] == name


@pytest.mark.parametrize("name", ["", "a", "9a", "_a", "A1", "a.b", "a b", "aé", "a1\n", "a٣"])
def test_an_id_outside_the_pattern_is_refused(client: httpx.Client, runner: Given, name: str) -> None:
    answer = client.post(RUNNERS, json=runner(name))

    assert answer.status_code == 400
    assert answer.json()["message"].endswith(": id must be a valid identifier")


def test_a_description_has_no_longest_length_and_may_be_empty(
    client: httpx.Client, given_runner: Given
) -> None:
    long, empty, without = (
        given_runner("long", description="x" * 10_000),
        given_runner("empty", description=""),
        given_runner("without"),
    )

    assert len(long["description"]) == 10_000
    assert empty["description"] == ""
    assert "description" not in without


def test_a_description_once_set_is_kept_emptied_but_never_removed(
    client: httpx.Client, given_runner: Given
) -> None:
    given_runner(description="all envs")

    kept = _patched(client)
    emptied = _patched(client, description="")
    removed = client.patch(ONE, json={"description": None})

    assert (kept["description"], emptied["description"], removed.status_code) == ("all envs", "", 400)
    assert client.get(ONE).json()["description"] == ""


def test_there_is_no_optimistic_locking_and_the_last_write_wins(
    client: httpx.Client, given_runner: Given
) -> None:
    given_runner()

    first = client.patch(ONE, json={"description": "first"}, headers={"If-Match": '"old"'})
    second = client.patch(ONE, json={"description": "second"}, headers={"Idempotency-Key": "k"})

    assert [first.status_code, second.status_code] == [200, 200]
    assert "etag" not in second.headers
    assert client.get(ONE).json()["description"] == "second"


def test_times_are_utc_to_the_microsecond_and_only_a_success_moves_them(
    emulator: Emulator, client: httpx.Client, given_runner: Given
) -> None:
    created = given_runner()
    emulator.clock.advance(seconds=5)

    client.patch(ONE, json={"description": 5})
    refused = client.get(ONE).json()
    moved = _patched(client)

    assert refused == created
    assert moved["created_at"] == created["created_at"]
    assert datetime.fromisoformat(moved["updated_at"]) > datetime.fromisoformat(created["updated_at"])
    assert moved["updated_at"].endswith("Z")
    assert len(moved["updated_at"].partition(".")[2]) <= len("000000Z")


def test_the_organization_in_the_body_is_an_unknown_field(client: httpx.Client, runner: Given) -> None:
    for member in ("org_id", "created_at", "updated_at"):
        answer = client.post(RUNNERS, json=runner(**{member: "x"}))

        assert answer.json()["message"] == f'Parsing error: error=json: unknown field "{member}"'


def test_an_id_is_free_again_in_another_organization_and_after_deletion(
    client: httpx.Client, runner: Given, given_runner: Given
) -> None:
    client.post("/admin/orgs", json={"id": "other"})
    given_runner()

    taken = client.post(RUNNERS, json=runner())
    elsewhere = client.post("/orgs/other/runners", json=runner())
    client.delete(ONE)
    again = client.post(RUNNERS, json=runner())

    assert [taken.status_code, elsewhere.status_code, again.status_code] == [409, 201, 201]
    assert elsewhere.json()["org_id"] == "other"


def test_a_patch_of_the_configuration_needs_its_type(client: httpx.Client, given_runner: Given) -> None:
    given_runner()

    answer = client.patch(ONE, json={"runner_configuration": {"job": JOB}})

    assert answer.status_code == 400
    assert answer.json()["message"].endswith('input does not contain the discriminator property "type"')


def test_a_patched_cluster_replaces_all_credentials(
    emulator: Emulator, client: httpx.Client, given_runner: Given
) -> None:
    given_runner(runner_configuration=KUBERNETES)
    cluster = changed(KUBERNETES["cluster"], "auth", {"client_certificate_data": "new"})

    patched = _patched(client, runner_configuration={"type": "kubernetes", "cluster": cluster})

    auth = patched["runner_configuration"]["cluster"]["auth"]
    assert auth == {"client_certificate_data": "SECRET"}
    assert emulator.credentials("acme", "runner-one") == {
        "version": 2,
        "auth": {"client_certificate_data": "new"},
    }


def test_a_patch_without_cluster_leaves_the_credentials(
    emulator: Emulator, client: httpx.Client, given_runner: Given
) -> None:
    given_runner(runner_configuration=KUBERNETES)
    before = emulator.credentials("acme", "runner-one")

    patched = _patched(client, description="x", runner_configuration={"type": "kubernetes", "job": JOB})

    assert set(patched["runner_configuration"]["cluster"]["auth"].values()) == {"SECRET"}
    assert emulator.credentials("acme", "runner-one") == before


def test_a_patched_auth_of_ecs_replaces_the_whole_one(client: httpx.Client, given_runner: Given) -> None:
    given_runner(
        runner_configuration=changed(ECS, "auth/session_name", "name"), state_storage_configuration=S3
    )

    patched = _patched(client, runner_configuration={"type": "serverless-ecs", "auth": {"role_arn": ROLE}})

    assert patched["runner_configuration"]["auth"] == {"role_arn": ROLE}
    assert patched["runner_configuration"]["job"] == ECS["job"]


def test_a_patched_job_must_be_complete(client: httpx.Client, given_runner: Given) -> None:
    given_runner()
    change = {"type": AGENT, "job": {"namespace": "jobs"}}

    answer = client.patch(ONE, json={"runner_configuration": change})

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(
        'Error at "/runner_configuration/job/service_account": property "service_account" is missing\nSchema:'
    )


def test_a_pod_template_is_removed_by_leaving_it_out_kept_when_empty_and_never_null(
    client: httpx.Client, given_runner: Given
) -> None:
    given_runner()

    def patch(job: Any) -> httpx.Response:
        return client.patch(ONE, json={"runner_configuration": {"type": AGENT, "job": job}})

    empty = patch({**JOB, "pod_template": {}}).json()["runner_configuration"]["job"]
    null = patch({**JOB, "pod_template": None})
    without = patch(JOB).json()["runner_configuration"]["job"]

    assert empty == {**JOB, "pod_template": {}}
    assert null.status_code == 400
    assert null.json()["message"].startswith(
        'Error at "/runner_configuration/job/pod_template": Value is not nullable'
    )
    assert without == JOB


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"job": {**JOB, "pod_template": {"metadata": {"namespace": "x"}}}},
            "it is not allowed to specify a namespace in the pod_template field of the runner configuration",
        ),
        (
            {"key": "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n"},
            f"{MISMATCH}invalid public key: failed to decode PEM block containing public key",
        ),
    ],
)
def test_a_patch_is_checked_like_a_creation(
    client: httpx.Client, given_runner: Given, change: Any, message: str
) -> None:
    created = given_runner()

    answer = client.patch(ONE, json={"runner_configuration": {"type": AGENT, **change}})

    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert client.get(ONE).json() == created


def test_patched_storage_must_suit_the_type(client: httpx.Client, given_runner: Given) -> None:
    given_runner(runner_configuration=ECS, state_storage_configuration=S3)

    answer = client.patch(ONE, json={"state_storage_configuration": K8S_STORAGE})

    assert (answer.status_code, answer.json()["message"]) == (
        400,
        f"state storage type 'kubernetes' {UNSUITABLE}",
    )


def test_a_patch_or_deletion_of_an_unknown_runner_is_not_found(client: httpx.Client) -> None:
    for answer in (client.patch(ONE, json={}), client.delete(ONE)):
        assert (answer.status_code, answer.json()["message"]) == (404, "runner not found")


def test_deleting_a_runner_forgets_its_credentials(
    emulator: Emulator, client: httpx.Client, given_runner: Given
) -> None:
    given_runner(runner_configuration=KUBERNETES)

    answer = client.delete(ONE)

    assert (answer.status_code, answer.content) == (204, b"")
    assert emulator.credentials("acme", "runner-one") is None


def test_a_runner_stays_bound_until_its_environment_is_moved_or_deleted(
    emulator: Emulator, organization: httpx.Client
) -> None:
    env = "/orgs/acme/projects/shop/envs/qa"
    rule = organization.post("/orgs/acme/runner-rules", json={"runner_id": "aa"}).json()
    emulator.deploy("acme", "shop", "qa")
    organization.delete(f"/orgs/acme/runner-rules/{rule['id']}")
    organization.post("/orgs/acme/runner-rules", json={"runner_id": "bb"})

    bound = organization.delete(f"{RUNNERS}/aa")
    organization.post(f"{env}/actions/refresh_runner")
    moved = organization.delete(f"{RUNNERS}/aa")
    organization.delete(env, params={"force": "true"})
    emptied = organization.delete(f"{RUNNERS}/bb")

    assert (bound.status_code, bound.json()["message"]) == (
        409,
        "runner aa is in use by the environments: shop/qa",
    )
    assert [moved.status_code, emptied.status_code] == [204, 204]


@pytest.mark.parametrize("ending", ["\n", ""])
def test_a_key_is_returned_exactly_as_sent(
    client: httpx.Client, runner: Given, ed25519_pem: Callable[[int], str], ending: str
) -> None:
    key = ed25519_pem(3).rstrip("\n") + ending

    client.post(RUNNERS, json=changed(runner(), "runner_configuration/key", key))

    assert client.get(ONE).json()["runner_configuration"]["key"] == key


def test_a_default_is_written_for_a_patched_cluster_too(client: httpx.Client, given_runner: Given) -> None:
    given_runner(runner_configuration=changed(GKE, "cluster/internal_ip", value=True))

    patched = _patched(client, runner_configuration={"type": "kubernetes-gke", "cluster": GKE["cluster"]})

    assert patched["runner_configuration"]["cluster"]["internal_ip"] is False


def test_empty_members_of_an_ecs_job_are_dropped_and_full_ones_kept(
    client: httpx.Client, given_runner: Given
) -> None:
    full = {
        **ECS["job"],
        "is_public_ip_enabled": True,
        "security_groups": ["sg"],
        "environment": {"A": ""},
        "secrets": {"B": "arn:aws:ssm:eu-west-1:123456789012:parameter/b"},
    }
    created = given_runner(runner_configuration=changed(ECS, "job", full), state_storage_configuration=S3)
    empty = {"is_public_ip_enabled": False, "security_groups": [], "environment": {}, "secrets": {}}

    patched = _patched(
        client, runner_configuration={"type": "serverless-ecs", "job": {**ECS["job"], **empty}}
    )

    assert created["runner_configuration"]["job"] == full
    assert patched["runner_configuration"]["job"] == ECS["job"]


def test_values_inside_a_pod_template_read_back_equal(client: httpx.Client, given_runner: Given) -> None:
    template = {"spec": {"terminationGracePeriodSeconds": 30, "nodeSelector": {"b": "1", "a": "2"}}}
    job = {**JOB, "pod_template": template}

    created = given_runner(runner_configuration=changed(GKE, "job", job))

    assert client.get(ONE).json() == created
    assert created["runner_configuration"]["job"]["pod_template"] == template
