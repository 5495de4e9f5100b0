"""The five runner types and the four storages: required parts, patterns, limits (v2 sections 6 and 7)."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.emulator.statements.v2.bodies import (
    AZURE,
    ECS,
    EKS,
    GCS,
    GKE,
    JOB,
    K8S_STORAGE,
    KUBERNETES,
    ROLE,
    S3,
    STORAGES,
    changed,
    member,
)

Given = Callable[..., dict[str, Any]]
RUNNERS = "/orgs/acme/runners"
RESERVED = ["ORG_ID", "DEPLOYMENT_ID", "MODE", "TOKEN", "ENCRYPTING_KEY", "PLATFORM_ORCHESTRATOR_BASE_URL"]
NO_KEY = "key: does not look like an ed25519 public key in PEM format"


@pytest.fixture
def refusal(client: httpx.Client, runner: Given) -> Callable[..., str]:
    """Try to create a runner that is refused with 400, and return the first line of the message."""

    def try_to(configuration: Any, storage: Any = S3) -> str:
        body = runner(runner_configuration=configuration, state_storage_configuration=storage)
        answer = client.post(RUNNERS, json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "HTTP-400"), answer.text
        line: str = answer.json()["message"].partition("\n")[0]
        return line

    return try_to


def _agent(runner: Given) -> dict[str, Any]:
    configuration: dict[str, Any] = runner()["runner_configuration"]
    return configuration


@pytest.mark.parametrize("configuration", [KUBERNETES, GKE, EKS], ids=lambda item: str(item["type"]))
def test_the_server_accepts_empty_names_in_a_job(given_runner: Given, configuration: Any) -> None:
    job = {"namespace": "", "service_account": ""}

    created = given_runner(runner_configuration=changed(configuration, "job", job))

    assert created["runner_configuration"]["job"] == job


@pytest.mark.parametrize(
    ("configuration", "path"),
    [
        *[(KUBERNETES, path) for path in ("job", "cluster", "cluster/cluster_data", "cluster/auth")],
        (KUBERNETES, "job/namespace"),
        (KUBERNETES, "job/service_account"),
        (KUBERNETES, "cluster/cluster_data/certificate_authority_data"),
        (KUBERNETES, "cluster/cluster_data/server"),
        *[(GKE, f"cluster/{name}") for name in ("name", "project_id", "location", "auth")],
        (GKE, "cluster/auth/gcp_audience"),
        (GKE, "cluster/auth/gcp_service_account"),
        *[(EKS, f"cluster/{name}") for name in ("name", "region", "auth", "auth/role_arn")],
        *[(ECS, path) for path in ("auth", "auth/role_arn", "job")],
        *[(ECS, f"job/{name}") for name in ("region", "cluster", "subnets", "execution_role_arn")],
    ],
    ids=lambda item: item if isinstance(item, str) else str(item["type"]),
)
def test_every_missing_required_part_is_reported_by_its_place(
    refusal: Callable[..., str], configuration: Any, path: str
) -> None:
    name = path.rpartition("/")[2]

    line = refusal(changed(configuration, path, None))

    assert line == f'Error at "/runner_configuration/{path}": property "{name}" is missing'


@pytest.mark.parametrize("path", ["key", "job"])
def test_an_agent_needs_key_and_job(refusal: Callable[..., str], runner: Given, path: str) -> None:
    line = refusal(changed(_agent(runner), path, None))

    assert line == f'Error at "/runner_configuration/{path}": property "{path}" is missing'


def test_an_agent_has_no_cluster(refusal: Callable[..., str], runner: Given) -> None:
    line = refusal(changed(_agent(runner), "cluster", KUBERNETES["cluster"]))

    assert line.endswith('runner type kubernetes-agent: json: unknown field "cluster"')


@pytest.mark.parametrize("change", ["{0}\n", " {0}", "\n{0}", "x{0}", "{1}", "{2}"])
def test_a_key_is_one_line_between_its_header_and_footer(
    refusal: Callable[..., str], runner: Given, ed25519_pem: Callable[[int], str], change: str
) -> None:
    pem = ed25519_pem(1)
    two_lines = pem[:50] + "\n" + pem[50:]

    line = refusal(changed(_agent(runner), "key", change.format(pem, pem.replace("\n", "\r\n"), two_lines)))

    assert line == NO_KEY


def test_an_rsa_key_fails_before_it_is_parsed(
    refusal: Callable[..., str], runner: Given, rsa_key: Callable[..., Any]
) -> None:
    pem = rsa_key().pem
    one_line = (
        "-----BEGIN PUBLIC KEY-----\n" + "".join(pem.splitlines()[1:-1]) + "\n-----END PUBLIC KEY-----\n"
    )

    lines = [refusal(changed(_agent(runner), "key", key)) for key in (pem, one_line)]

    assert lines == ['Error at "/runner_configuration/key": maximum string length is 200'] * 2


def test_a_key_of_another_kind_is_named_after_the_pattern(refusal: Callable[..., str], runner: Given) -> None:
    x25519 = bytes.fromhex("302a300506032b656e032100") + bytes(range(32))
    key = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(x25519).decode()}\n-----END PUBLIC KEY-----\n"

    line = refusal(changed(_agent(runner), "key", key))

    assert line.endswith("kubernetes-agent: invalid public key: public key is not an ed25519 key")


def test_two_runners_may_share_a_key(given_runner: Given) -> None:
    first, second = given_runner("one"), given_runner("two")

    assert first["runner_configuration"]["key"] == second["runner_configuration"]["key"]


def test_a_cluster_may_have_no_credentials(given_runner: Given) -> None:
    created = given_runner(runner_configuration=changed(KUBERNETES, "cluster/auth", {}))

    assert created["runner_configuration"]["cluster"]["auth"] == {}


@pytest.mark.parametrize(
    ("configuration", "path", "value"),
    [
        (KUBERNETES, "cluster/cluster_data/proxy_url", "http://proxy"),
        (GKE, "cluster/proxy_url", "http://proxy"),
        (GKE, "cluster/internal_ip", True),
        (EKS, "cluster/auth/session_name", "a+=,.@-_/9"),
        (EKS, "cluster/auth/sts_region", "eu-west-1"),
        (ECS, "job/task_role_arn", ROLE),
        (ECS, "job/image", "registry:5000/a/b@sha256:0aF"),
        (ECS, "job/environment", {"RUNNER": "x" * 1024}),
        (ECS, "job/secrets", {"RUNNER_GIT_SSH_KEYS": "arn:aws:ssm:eu-west-1:1:parameter/a/b"}),
        (ECS, "job/secrets", {"A": "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-AbCdEf"}),
        (ECS, "job/subnets", ["s" * 24] * 16),
        (ECS, "job/security_groups", ["g" * 255] * 5),
    ],
)
def test_optional_parts_are_kept(given_runner: Given, configuration: Any, path: str, value: Any) -> None:
    sent = changed(configuration, path, value)

    created = given_runner(runner_configuration=sent, state_storage_configuration=S3)

    assert member(created["runner_configuration"], path) == value


NOT_A_ROLE = ["arn:aws:iam::12345678901:role/r", "arn:aws:iam::123456789012:user/u", ROLE + "\n", "", "role"]
NOT_A_REGION = ["us-gov-west-1", "eu-west-10", "EU-west-1", "eu-west-٣", "eu-west-1\n"]


@pytest.mark.parametrize(
    ("configuration", "path", "values", "text"),
    [
        (EKS, "cluster/auth/role_arn", NOT_A_ROLE, "role_arn is not a valid IAM Role ARN"),
        (ECS, "auth/role_arn", NOT_A_ROLE, "role_arn is not a valid IAM Role ARN"),
        (ECS, "job/execution_role_arn", NOT_A_ROLE, "job execution_role_arn is not a valid IAM Role ARN"),
        (ECS, "job/task_role_arn", NOT_A_ROLE, "job task_role_arn is not a valid IAM Role ARN"),
        (EKS, "cluster/auth/sts_region", NOT_A_REGION, "sts_region is not a valid AWS STS region"),
        (ECS, "job/region", NOT_A_REGION, "job region is not a valid AWS Region."),
        (ECS, "job/image", ["", "a b", "a@sha256", "a@sha256:xyz"], "image must be a valid container image"),
        (
            ECS,
            "job/secrets",
            [
                {"A": "arn:aws:secretsmanager:r:1:secret:prod-short"},
                {"A": "arn:aws:ssm:r:1:parameter/"},
                {"A": ""},
            ],
            "job secrets value is not a valid AWS Secret or Parameter ARN",
        ),
    ],
)
def test_a_value_outside_its_pattern_is_answered_with_the_message_of_the_pattern(
    refusal: Callable[..., str], configuration: Any, path: str, values: list[Any], text: str
) -> None:
    assert [refusal(changed(configuration, path, value)) for value in values] == [text] * len(values)


@pytest.mark.parametrize(
    ("configuration", "path", "value", "reason"),
    [
        (EKS, "cluster/auth/session_name", "ab", "minimum string length is 3"),
        (EKS, "cluster/auth/session_name", "a" * 65, "maximum string length is 64"),
        (ECS, "job/region", "", "minimum string length is 1"),
        (ECS, "job/cluster", "", "minimum string length is 1"),
        (ECS, "job/cluster", "c" * 256, "maximum string length is 255"),
        (ECS, "job/subnets", [], "minimum number of items is 1"),
        (ECS, "job/subnets", ["s"] * 17, "maximum number of items is 16"),
        (ECS, "job/security_groups", ["s"] * 6, "maximum number of items is 5"),
        (ECS, "job/image", "i" * 256, "maximum string length is 255"),
        (GKE, "cluster/internal_ip", "yes", "value must be a boolean"),
        (ECS, "job/is_public_ip_enabled", 1, "value must be a boolean"),
        (KUBERNETES, "cluster/auth/service_account_token", {}, "value must be a string"),
        (KUBERNETES, "cluster/auth", [], "value must be an object"),
    ],
)
def test_a_value_beyond_its_limits_is_reported_by_its_place(
    refusal: Callable[..., str], configuration: Any, path: str, value: Any, reason: str
) -> None:
    assert (
        refusal(changed(configuration, path, value)) == f'Error at "/runner_configuration/{path}": {reason}'
    )


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("job/subnets", ["ok", "s" * 25], "job/subnets/1"),
        ("job/environment", {"A": "x" * 1025}, "job/environment/A"),
    ],
)
def test_a_value_inside_a_collection_is_reported_by_its_place(
    refusal: Callable[..., str], path: str, value: Any, place: str
) -> None:
    assert refusal(changed(ECS, path, value)).startswith(f'Error at "/runner_configuration/{place}": maximum')


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("place", ["environment", "secrets"])
def test_reserved_variables_of_an_ecs_job_are_refused(
    refusal: Callable[..., str], place: str, name: str
) -> None:
    value = "arn:aws:ssm:eu-west-1:1:parameter/a"

    line = refusal(changed(ECS, f"job/{place}", {name: value}))

    assert line == f"environment variable {name} is reserved and cannot be set by the runner"


def test_the_git_keys_of_an_ecs_job_must_be_a_secret(refusal: Callable[..., str]) -> None:
    line = refusal(changed(ECS, "job/environment", {"RUNNER_GIT_SSH_KEYS": "x"}))

    assert line == "environment variable RUNNER_GIT_SSH_KEYS is sensitive and must be set using a secret"


@pytest.mark.parametrize("storage", [K8S_STORAGE, GCS, AZURE], ids=lambda item: str(item["type"]))
def test_ecs_keeps_its_state_in_s3_only(refusal: Callable[..., str], storage: Any) -> None:
    assert refusal(ECS, storage) == (
        f"state storage type '{storage['type']}' is not compatible with runner type 'serverless-ecs',"
        " it must be one of [s3]"
    )


@pytest.mark.parametrize("storage", STORAGES, ids=lambda item: str(item["type"]))
@pytest.mark.parametrize(
    "configuration", [KUBERNETES, GKE, EKS, None], ids=lambda item: str(item and item["type"])
)
def test_kubernetes_types_keep_their_state_anywhere(
    given_runner: Given, runner: Given, configuration: Any, storage: Any
) -> None:
    created = given_runner(
        runner_configuration=configuration or _agent(runner), state_storage_configuration=storage
    )

    assert created["state_storage_configuration"] == storage


@pytest.mark.parametrize("container", ["main", "platform-orchestrator-runner"])
@pytest.mark.parametrize("name", RESERVED)
def test_reserved_variables_of_the_runner_containers_are_refused(
    refusal: Callable[..., str], name: str, container: str
) -> None:
    template = {"spec": {"containers": [{"name": "side"}, {"name": container, "env": [{"name": name}]}]}}

    line = refusal(changed(GKE, "job", {**JOB, "pod_template": template}))

    assert line == (
        f"environment variable `{name}` is a reserved one and can't be overwritten by pod_template field"
    )


def test_git_keys_of_a_runner_container_may_be_references(given_runner: Given) -> None:
    source = {"secretKeyRef": {"name": "keys", "key": "ssh"}}
    env = [{"name": "RUNNER_GIT_SSH_KEYS", "valueFrom": source}]
    template = {"spec": {"containers": [{"name": "main", "env": env}]}}

    created = given_runner(runner_configuration=changed(GKE, "job", {**JOB, "pod_template": template}))

    assert created["runner_configuration"]["job"]["pod_template"] == template


@pytest.mark.parametrize(
    "template",
    [
        {"spec": {"serviceAccount": "old-alias"}},
        {
            "spec": {
                "containers": [{"name": "main", "env": [{"name": "DB_PASSWORD", "value": "in the clear"}]}]
            }
        },
        {"spec": {"containers": [{"name": "no-image"}]}},
        {"spec": {"containers": [{"name": "main", "env": [{"name": "RUNNER_ID", "value": "x"}]}]}},
        {"spec": {"initContainers": [{"name": "main", "env": [{"name": "TOKEN", "value": "x"}]}]}},
        {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}},
    ],
)
def test_what_the_server_does_not_catch_reads_back_in_clear_text(
    client: httpx.Client, given_runner: Given, template: Any
) -> None:
    given_runner(runner_configuration=changed(GKE, "job", {**JOB, "pod_template": template}))

    read = client.get(f"{RUNNERS}/runner-one").json()

    assert read["runner_configuration"]["job"]["pod_template"] == template


@pytest.mark.parametrize(
    "template",
    [
        {"apiVersion": "v1", "kind": "Pod", "spec": {}},
        {"spec": {"$patch": "replace"}},
        {"spec": {"containers": {"name": "main"}}},
        {"spec": {"containers": [{"name": "main", "env": {"A": "b"}}]}},
        {"spec": {"containers": [{"name": "main", "resources": {"cpu": 1}}]}},
        {"metadata": {"labels": {"a": 1}}},
        {"spec": {"terminationGracePeriodSeconds": "30"}},
    ],
)
def test_a_pod_template_converts_strictly(refusal: Callable[..., str], template: Any) -> None:
    line = refusal(changed(GKE, "job", {**JOB, "pod_template": template}))

    assert line.startswith("failed to convert supplied pod template into a kubernetes pod template: ")


@pytest.mark.parametrize(
    ("storage", "path"),
    [
        (K8S_STORAGE, "namespace"),
        (S3, "bucket"),
        (GCS, "bucket"),
        (AZURE, "storage_account_name"),
        (AZURE, "container_name"),
    ],
    ids=lambda item: item if isinstance(item, str) else str(item["type"]),
)
def test_every_missing_required_field_of_a_storage_is_reported_by_its_place(
    refusal: Callable[..., str], storage: Any, path: str
) -> None:
    line = refusal(GKE, changed(storage, path, None))

    assert line == f'Error at "/state_storage_configuration/{path}": property "{path}" is missing'


@pytest.mark.parametrize(("storage", "product"), [(S3, "S3"), (GCS, "GCS")])
@pytest.mark.parametrize("bucket", ["", "a", "a.b", "-ab", "ab-", "AB", "a_b", "ab\n"])
def test_a_bucket_has_two_characters_and_no_dots(
    refusal: Callable[..., str], storage: Any, product: str, bucket: str
) -> None:
    line = refusal(GKE, {**storage, "bucket": bucket})

    assert line == f"state storage bucket is not a valid {product} Bucket name."


@pytest.mark.parametrize(("storage", "what"), [(S3, "S3 prefix"), (GCS, "GCS prefix"), (AZURE, "AzureRM")])
@pytest.mark.parametrize("prefix", ["", "/a", "a//b", "a/b//", "a b", "a/b\n"])
def test_a_prefix_has_no_leading_slash_and_no_empty_part(
    refusal: Callable[..., str], storage: Any, what: str, prefix: str
) -> None:
    line = refusal(GKE, {**storage, "path_prefix": prefix})

    assert line == f"state storage path_prefix is not a valid {what} path."


@pytest.mark.parametrize(
    "storage",
    [
        {**S3, "bucket": "ab", "path_prefix": "a"},
        {**GCS, "bucket": "0-0", "path_prefix": "a.b/c_d/"},
        {**AZURE, "resource_group_name": "", "path_prefix": "A/-"},
        {**K8S_STORAGE, "namespace": ""},
    ],
)
def test_a_storage_within_its_rules_reads_back_as_sent(given_runner: Given, storage: Any) -> None:
    assert given_runner(state_storage_configuration=storage)["state_storage_configuration"] == storage
