"""The three forms of v2's validation messages, including the leak (v2 sections 3.2 and 6)."""

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest

RUNNERS = "/orgs/acme/runners"
CREATE = "request body has an error: doesn't match schema #/components/schemas/RunnerCreateBody: "
AGENT = "the supplied runner configuration does not match the specified runner type kubernetes-agent: "
Make = Callable[..., dict[str, Any]]


def _message(client: httpx.Client, body: Any) -> str:
    answer = client.post(RUNNERS, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "HTTP-400"
    message: str = answer.json()["message"]
    return message


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"id": "Bad"}, "id must be a valid identifier"),
        ({"id": "r"}, "id must be a valid identifier"),
        ({"id": "good\n"}, "id must be a valid identifier"),
        ({"description": None}, 'Error at "/description": Value is not nullable'),
        (
            {"runner_configuration": {}},
            'Error at "/runner_configuration": input does not contain the discriminator property "type"',
        ),
        (
            {"runner_configuration": {"type": "docker"}},
            'Error at "/runner_configuration": discriminator property "type" has invalid value',
        ),
        (
            {"state_storage_configuration": {"type": 5}},
            'Error at "/state_storage_configuration": value of discriminator property "type" is not a string',
        ),
    ],
)
def test_problems_at_the_top_level_are_one_line(
    client: httpx.Client, runner: Make, members: Any, detail: str
) -> None:
    assert _message(client, {**runner(), **members}) == CREATE + detail


@pytest.mark.parametrize("member", ["id", "runner_configuration", "state_storage_configuration"])
def test_a_missing_member_is_named(client: httpx.Client, runner: Make, member: str) -> None:
    body = runner()
    del body[member]

    assert _message(client, body) == f'{CREATE}Error at "/{member}": property "{member}" is missing'


def test_problems_inside_a_configuration_echo_schema_and_submitted_value(
    client: httpx.Client, runner: Make
) -> None:
    configuration = {
        "type": "kubernetes",
        "job": {"namespace": "jobs", "service_account": "job"},
        "cluster": {"auth": {"service_account_token": "leaked<&>"}},
    }

    message = _message(client, runner(runner_configuration=configuration))

    head, _, rest = message.partition("\nSchema:\n  {")
    assert head == 'Error at "/runner_configuration/cluster/cluster_data": property "cluster_data" is missing'
    assert rest.endswith(
        '\n\nValue:\n  {\n    "auth": {\n      "service_account_token": "leaked\\u003c\\u0026\\u003e"\n    }\n  }\n'
    )


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("x" * 20, id="not PEM"),
        pytest.param("{pem}\n", id="two newlines"),
        pytest.param(" {pem}", id="leading space"),
        pytest.param("{crlf}", id="CRLF"),
    ],
)
def test_a_key_outside_the_pattern_gets_only_the_message_of_the_pattern(
    client: httpx.Client, runner: Make, ed25519_pem: Callable[[int], str], key: str
) -> None:
    pem = ed25519_pem(1)
    body = runner()
    body["runner_configuration"]["key"] = key.format(pem=pem, crlf=pem.replace("\n", "\r\n"))

    assert _message(client, body) == "key: does not look like an ed25519 public key in PEM format"


def test_keys_that_match_the_pattern_are_parsed(client: httpx.Client, runner: Make) -> None:
    frame = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"
    # A P-256 key in DER: the fixed header and the curve's base point.
    p256 = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li"
        "/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
    )
    body = runner()
    for text, reason in (
        ("!!!!", "invalid public key: failed to decode PEM block containing public key"),
        ("anVuaw==", "invalid public key: failed to parse public key from PEM: "),
        (p256, "invalid public key: public key is not an ed25519 key"),
    ):
        body["runner_configuration"]["key"] = frame.format(text)

        assert _message(client, body).startswith(AGENT + reason)


def test_unknown_members_are_refused_at_every_depth_of_the_configuration(
    client: httpx.Client, runner: Make
) -> None:
    body = runner()
    body["runner_configuration"]["cluster"] = {}
    nested = runner()
    nested["runner_configuration"]["job"]["key"] = "x"

    assert _message(client, body) == AGENT + 'json: unknown field "cluster"'
    assert _message(client, nested) == AGENT + 'json: unknown field "key"'
    assert _message(client, runner(labels={})) == 'Parsing error: error=json: unknown field "labels"'
    assert client.post(RUNNERS, json=runner()).status_code == 201
    answer = client.patch(f"{RUNNERS}/runner-one", json={"id": "other"})
    assert answer.json()["message"] == 'Parsing error: error=json: unknown field "id"'


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ({"type": "s3", "bucket": "a.b"}, "state storage bucket is not a valid S3 Bucket name."),
        ({"type": "gcs", "bucket": "a"}, "state storage bucket is not a valid GCS Bucket name."),
        (
            {"type": "s3", "bucket": "ab", "path_prefix": "/a"},
            "state storage path_prefix is not a valid S3 prefix path.",
        ),
        (
            {"type": "azurerm", "storage_account_name": "a", "container_name": "c", "path_prefix": "a//b"},
            "state storage path_prefix is not a valid AzureRM path.",
        ),
    ],
)
def test_storage_patterns_answer_with_their_own_message(
    client: httpx.Client, runner: Make, storage: Any, message: str
) -> None:
    assert _message(client, runner(state_storage_configuration=storage)) == message


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            {"kind": "Pod"},
            'failed to convert supplied pod template into a kubernetes pod template: json: unknown field "kind"',
        ),
        (
            {"spec": {"containers": [{"name": "main", "$patch": "replace"}]}},
            'failed to convert supplied pod template into a kubernetes pod template: json: unknown field "$patch"',
        ),
        (
            {"metadata": {"namespace": "x"}},
            "it is not allowed to specify a namespace in the pod_template field of the runner configuration",
        ),
        (
            {"spec": {"serviceAccountName": "x"}},
            "it is not allowed to specify a serviceAccountName in the pod_template field of the runner configuration",
        ),
        ({"spec": {"containers": [{"image": "x"}]}}, "pod_template.spec.containers[*].name is required"),
        (
            {"spec": {"containers": [{"name": "main", "env": [{"name": "TOKEN", "value": "x"}]}]}},
            "environment variable `TOKEN` is a reserved one and can't be overwritten by pod_template field",
        ),
        (
            {
                "spec": {
                    "containers": [{"name": "main", "env": [{"name": "RUNNER_GIT_SSH_KEYS", "value": "x"}]}]
                }
            },
            'environment variable "RUNNER_GIT_SSH_KEYS" is sensitive and must be set using the value-from property',
        ),
    ],
)
def test_pod_templates_are_checked(client: httpx.Client, runner: Make, template: Any, message: str) -> None:
    body = runner()
    body["runner_configuration"]["job"]["pod_template"] = template

    assert _message(client, body) == message


def test_types_inside_a_pod_template_are_exact(client: httpx.Client, runner: Make) -> None:
    body = runner()
    body["runner_configuration"]["job"]["pod_template"] = {"metadata": {"labels": {"use": True}}}

    assert "cannot unmarshal bool" in _message(client, body)


def test_a_real_pod_template_is_accepted_and_an_empty_one_is_kept(client: httpx.Client, runner: Make) -> None:
    template = {
        "metadata": {"labels": {"azure.workload.identity/use": "true"}},
        "spec": {
            "serviceAccount": "ignored",
            "securityContext": None,
            "imagePullSecrets": [{"name": "pull"}],
            "tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 5}],
            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
            "containers": [
                {
                    "name": "main",
                    "image": "registry/runner:1",
                    "resources": {"requests": {"memory": "1Gi", "cpu": 1}},
                    "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                    "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                },
                {"name": "side", "env": [{"name": "TOKEN", "value": "free here"}]},
            ],
        },
    }
    for name, value in (("aa", template), ("bb", {})):
        body = runner(name)
        body["runner_configuration"]["job"]["pod_template"] = copy.deepcopy(value)

        answer = client.post(RUNNERS, json=body)

        assert answer.status_code == 201, answer.text
        assert answer.json()["runner_configuration"]["job"]["pod_template"] == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "request body has an error: value is required but missing"),
        (b"{", "request body has an error: failed to decode request body: unexpected EOF"),
        (b"{x", "request body has an error: failed to decode request body: invalid character"),
        (b'{"a": 1e999}', "request body has an error: failed to decode request body: "),
        (b"\xff", "request body has an error: failed to decode request body: invalid UTF-8"),
        (b"[]", CREATE + "value must be an object"),
        (b"[" * 100_000, "request body has an error: failed to decode request body: "),
    ],
)
def test_bodies_that_do_not_decode_say_so(client: httpx.Client, content: bytes, message: str) -> None:
    answer = client.post(RUNNERS, content=content)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_a_nul_character_has_its_own_code(client: httpx.Client, runner: Make) -> None:
    answer = client.post(RUNNERS, json=runner(description="a\x00b"))

    assert answer.json() == {"error": "API-000", "message": "request body contains NUL char"}


def test_another_content_type_is_refused(client: httpx.Client, runner: Make) -> None:
    answer = client.post(RUNNERS, content=b"{}", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 400


def test_ecs_variables_that_the_service_sets_are_reserved(client: httpx.Client, runner: Make) -> None:
    role = "arn:aws:iam::123456789012:role/r"
    for variables, message in (
        (
            {"environment": {"TOKEN": "x"}},
            "environment variable TOKEN is reserved and cannot be set by the runner",
        ),
        (
            {"environment": {"RUNNER_GIT_SSH_KEYS": "x"}},
            "environment variable RUNNER_GIT_SSH_KEYS is sensitive and must be set using a secret",
        ),
        ({"secrets": {"A": "arn:aws:x"}}, "job secrets value is not a valid AWS Secret or Parameter ARN"),
    ):
        job = {
            "region": "eu-west-1",
            "cluster": "c",
            "subnets": ["s"],
            "execution_role_arn": role,
            **variables,
        }
        configuration = {"type": "serverless-ecs", "auth": {"role_arn": role}, "job": job}
        storage = {"type": "s3", "bucket": "ab"}
        body = runner(runner_configuration=configuration, state_storage_configuration=storage)

        assert _message(client, body) == message
