"""Bodies of errors and the messages of validation (v2 section 3)."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.emulator.statements.v2.bodies import ECS, EKS, K8S_STORAGE, KUBERNETES, S3, changed

Given = Callable[..., dict[str, Any]]
RUNNERS = "/orgs/acme/runners"
CREATE = "request body has an error: doesn't match schema #/components/schemas/RunnerCreateBody: "
UPDATE = "request body has an error: doesn't match schema #/components/schemas/RunnerUpdateBody: "


def _refusal(client: httpx.Client, body: Any) -> str:
    answer = client.post(RUNNERS, json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "HTTP-400"), answer.text
    message: str = answer.json()["message"]
    return message


def test_every_error_has_a_code_and_a_message_in_json(organization: httpx.Client, runner: Given) -> None:
    answers = [
        organization.post(RUNNERS, json={}),
        organization.get(RUNNERS, headers={"Authorization": ""}),
        organization.get(f"{RUNNERS}/none"),
        organization.post(RUNNERS, json=runner("aa")),
        organization.get(RUNNERS, params={"page": "nobody"}),
    ]

    assert [answer.status_code for answer in answers] == [400, 401, 404, 409, 500]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == {"error", "message"}
        assert answer.json()["error"] == f"HTTP-{answer.status_code}"


def test_unforeseen_errors_have_one_message(client: httpx.Client) -> None:
    answer = client.get("/orgs/acme/runner-rules", params={"page": "nobody"})

    assert answer.json() == {"error": "HTTP-500", "message": "Unexpected error"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{RUNNERS}/none", "runner not found"),
        ("/orgs/acme/runner-rules/01234567-89ab-4def-8123-456789abcdef", "runner rule not found"),
        (f"{RUNNERS}/", "no matching operation was found"),
        (f"{RUNNERS}/aa/", "no matching operation was found"),
        ("/orgs/acme/bogus", "no matching operation was found"),
        ("/orgs", "no matching operation was found"),
    ],
)
def test_what_does_not_exist_is_named(organization: httpx.Client, path: str, message: str) -> None:
    answer = organization.get(path)

    assert (answer.status_code, answer.json()["message"]) == (404, message)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("PUT", f"{RUNNERS}/aa"),
        ("POST", f"{RUNNERS}/aa"),
        ("DELETE", RUNNERS),
        ("PATCH", "/orgs/acme/runner-rules/01234567-89ab-4def-8123-456789abcdef"),
        ("PUT", "/orgs/acme/projects/shop"),
        ("OPTIONS", RUNNERS),
        ("GET", "/orgs/acme/projects/shop/envs/qa/actions/refresh_runner"),
    ],
)
def test_a_wrong_method_is_not_found(organization: httpx.Client, verb: str, path: str) -> None:
    answer = organization.request(verb, path)

    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "HTTP-404", "message": "method not allowed"},
    )
    assert "allow" not in answer.headers


def test_no_operation_takes_head(organization: httpx.Client) -> None:
    answer = organization.head(RUNNERS)

    assert answer.status_code == 404


def test_validation_stops_at_the_first_problem(client: httpx.Client, runner: Given) -> None:
    message = _refusal(client, {**runner("Bad"), "description": None})

    assert message.startswith(CREATE)
    assert ("id must be" in message) != ("description" in message)


@pytest.mark.parametrize("member", ["runner_configuration", "state_storage_configuration"])
@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({}, 'input does not contain the discriminator property "type"'),
        ({"type": "docker"}, 'discriminator property "type" has invalid value'),
        ({"type": None}, 'value of discriminator property "type" is not a string'),
        ({"type": ["s3"]}, 'value of discriminator property "type" is not a string'),
        (None, "Value is not nullable"),
    ],
)
@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_an_invalid_discriminator_is_reported_on_one_line_that_names_the_schema(
    client: httpx.Client,
    given_runner: Given,
    runner: Given,
    *,
    verb: str,
    member: str,
    value: Any,
    detail: str,
) -> None:
    given_runner()
    path, body, prefix = {
        "POST": (RUNNERS, {**runner(), member: value}, CREATE),
        "PATCH": (f"{RUNNERS}/runner-one", {member: value}, UPDATE),
    }[verb]

    answer = client.request(verb, path, json=body)

    assert answer.json()["message"] == f'{prefix}Error at "/{member}": {detail}'


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (
            "cluster/auth/role_arn",
            "arn:aws-us-gov:iam::123456789012:role/r",
            "role_arn is not a valid IAM Role ARN",
        ),
        ("cluster/auth/sts_region", "us-gov-west-1", "sts_region is not a valid AWS STS region"),
        (
            "cluster/auth/session_name",
            "with space",
            "session_name must contain only valid characters (letters, digits, and +=,.@-_/)",
        ),
    ],
)
def test_a_pattern_with_its_own_message_answers_with_that_message_only(
    client: httpx.Client, runner: Given, path: str, value: str, text: str
) -> None:
    body = runner(runner_configuration=changed(EKS, path, value))

    assert _refusal(client, body) == text


def test_a_problem_inside_quotes_place_schema_and_the_enclosing_value(
    client: httpx.Client, runner: Given
) -> None:
    configuration = changed(KUBERNETES, "cluster/cluster_data/server", None)

    message = _refusal(client, runner(runner_configuration=configuration))

    head, _, rest = message.partition("\nSchema:\n")
    schema, _, value = rest.partition("\n\nValue:\n")
    assert head == (
        'Error at "/runner_configuration/cluster/cluster_data/server": property "server" is missing'
    )
    assert set(json.loads(schema)) >= {"properties", "required"}
    assert json.loads(value) == {"certificate_authority_data": "Y2E="}


def test_a_problem_next_to_a_credential_echoes_the_credential(client: httpx.Client, runner: Given) -> None:
    configuration = changed(KUBERNETES, "cluster/auth/client_key_data", 5)

    message = _refusal(client, runner(runner_configuration=configuration))

    assert "the-token" not in message.partition("\n")[0]
    message = _refusal(client, runner(runner_configuration=changed(KUBERNETES, "cluster/cluster_data", None)))
    assert "the-token" in message
    assert "the-token" not in message.partition("\nSchema:")[0]


@pytest.mark.parametrize(
    ("configuration", "name"),
    [
        (changed(KUBERNETES, "cluster/auth/token", "x"), "token"),
        (changed(KUBERNETES, "cluster/cluster_data/insecure", "x"), "insecure"),
        (changed(EKS, "cluster/auth/external_id", "x"), "external_id"),
        (changed(KUBERNETES, "job/image", "x"), "image"),
    ],
)
def test_an_unknown_field_anywhere_in_a_configuration_names_the_type(
    client: httpx.Client, runner: Given, configuration: Any, name: str
) -> None:
    message = _refusal(client, runner(runner_configuration=configuration))

    assert message == (
        "the supplied runner configuration does not match the specified runner type"
        f' {configuration["type"]}: json: unknown field "{name}"'
    )


def test_free_names_in_variables_are_not_unknown_fields(client: httpx.Client, runner: Given) -> None:
    configuration = changed(ECS, "job/environment", {"ANY_NAME": "x"})

    answer = client.post(
        RUNNERS, json=runner(runner_configuration=configuration, state_storage_configuration=S3)
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    "place", ["state_storage_configuration/path-prefix", "state_storage_configuration/more"]
)
def test_unknown_storage_fields_are_accepted_stored_and_returned(
    client: httpx.Client, runner: Given, place: str
) -> None:
    body = changed({**runner(), "state_storage_configuration": K8S_STORAGE}, place, {"any": [1, None]})

    created = client.post(RUNNERS, json=body)

    assert created.status_code == 201
    assert (
        client.get(f"{RUNNERS}/runner-one").json()["state_storage_configuration"]
        == (body["state_storage_configuration"])
    )


@pytest.mark.parametrize(
    "path", [RUNNERS, "/orgs/acme/env-types", "/orgs/acme/projects", "/orgs/acme/runner-rules"]
)
def test_unknown_query_parameters_are_ignored(organization: httpx.Client, path: str) -> None:
    plain, more = organization.get(path), organization.get(path, params={"perPage": "x", "sort": "id"})

    assert (more.status_code, more.json()) == (200, plain.json())


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/orgs/acme/env-types", "EnvironmentTypeCreateBody"),
        ("/orgs/acme/projects", "ProjectCreateBody"),
        ("/orgs/acme/projects/shop/envs", "EnvironmentCreateBody"),
        ("/orgs/acme/runner-rules", "RunnerRuleCreateBody"),
        (RUNNERS, "RunnerCreateBody"),
    ],
)
@pytest.mark.parametrize("value", [None, [], "text", 5, True])
def test_a_body_that_is_not_an_object_does_not_match_the_schema(
    organization: httpx.Client, path: str, prefix: str, value: Any
) -> None:
    answer = organization.post(path, content=json.dumps(value).encode())

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(
        f"request body has an error: doesn't match schema #/components/schemas/{prefix}: "
    )


@pytest.mark.parametrize("word", ["abc", "1.5", "1e3", "", "٣"])
def test_a_page_size_that_is_not_an_integer_is_reported_with_its_value(
    client: httpx.Client, word: str
) -> None:
    answer = client.get(RUNNERS, params={"per_page": word})

    assert (answer.status_code, answer.json()["message"]) == (
        400,
        f'parameter "per_page" in query has an error: value {word}: an invalid integer: invalid syntax',
    )


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
@pytest.mark.parametrize("rule", ["1", "01234567-89ab-4def-8123-456789abcdeg", "{0}"])
def test_a_rule_id_that_is_not_a_uuid_is_a_bad_request(client: httpx.Client, verb: str, rule: str) -> None:
    answer = client.request(verb, f"/orgs/acme/runner-rules/{rule}")

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid format for parameter ruleId: ")


def test_a_nul_character_in_a_body_has_a_code_of_its_own(client: httpx.Client, runner: Given) -> None:
    answers = [
        client.post(RUNNERS, json=runner(description="a\x00b")),
        client.post(RUNNERS, content=b'{"id": "\x00"}'),
        client.post("/orgs/acme/projects", json={"id": "shop", "display_name": "a\x00"}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "API-000", "message": "request body contains NUL char"},
        )
