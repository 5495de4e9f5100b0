"""What a client sends, and the order in which a request is checked (v2 section 2)."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Given = Callable[..., dict[str, Any]]
Serving = Callable[..., tuple[Any, httpx.Client]]
RUNNERS = "/orgs/acme/runners"
LOCAL_USER = "00000000-0000-0000-0000-000000000000"
SYSTEM_USER = "ffffffff-ffff-ffff-ffff-ffffffffffff"
UNKNOWN_FIELD = 'Parsing error: error=json: unknown field "more"'


@pytest.mark.parametrize("content_type", [None, "application/json", "application/json; charset=utf-8"])
def test_a_body_without_content_type_counts_as_json(
    client: httpx.Client, runner: Given, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    answer = client.post(RUNNERS, content=json.dumps(runner()).encode(), headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/yaml"])
def test_another_content_type_is_a_bad_request(
    client: httpx.Client, runner: Given, content_type: str
) -> None:
    body = json.dumps(runner()).encode()

    answer = client.post(RUNNERS, content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["error"]) == (400, "HTTP-400")


@pytest.mark.parametrize("sender", [LOCAL_USER, SYSTEM_USER, "12345678-9abc-4def-8123-456789ABCDEF"])
def test_a_sender_on_loopback_is_identified_by_its_uuid(serving: Serving, sender: str) -> None:
    emulator, client = serving()

    answer = client.get(RUNNERS, headers={"From": sender})

    assert answer.status_code == 200
    assert emulator.log.entries()[-1].who == sender.lower()


def test_a_token_is_looked_up_before_a_sender(serving: Serving) -> None:
    _, client = serving("stranger", tokens={"secret": "ci"})

    answer = client.get(RUNNERS, headers={"From": LOCAL_USER})

    assert answer.status_code == 401


@pytest.mark.parametrize("sender", ["", "me@example.org", f"{{{LOCAL_USER}}}", LOCAL_USER[:-1]])
def test_a_sender_that_is_not_a_uuid_is_unauthorized(serving: Serving, sender: str) -> None:
    _, client = serving()

    answer = client.get(RUNNERS, headers={"From": sender})

    assert (answer.status_code, answer.json()) == (401, {"error": "HTTP-401", "message": "Unauthorized"})


def test_the_deprecated_organization_header_has_no_effect(serving: Serving, runner: Given) -> None:
    _, nobody = serving()
    _, reader = serving("peek", tokens={"peek": "plan"}, read_only=["plan"])
    header = {"Po-Org-Id": "acme"}

    answers = [nobody.get(RUNNERS, headers=header), reader.post(RUNNERS, json=runner(), headers=header)]

    assert [answer.status_code for answer in answers] == [401, 403]


def test_an_unknown_path_is_reported_before_identity_is_checked(serving: Serving) -> None:
    _, client = serving()

    answers = [client.get("/orgs/acme/nothing"), client.put(f"{RUNNERS}/runner-one", json={})]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_schema_is_checked_before_unknown_fields(client: httpx.Client, runner: Given) -> None:
    body = {**runner(), "more": 1}

    whole = client.post(RUNNERS, json=body)
    broken = client.post(RUNNERS, json={**body, "id": "Bad"})

    assert whole.json()["message"] == UNKNOWN_FIELD
    assert broken.json()["message"].endswith("id must be a valid identifier")


def test_a_backend_checks_the_body_before_the_identity(serving: Serving, runner: Given) -> None:
    _, client = serving()

    bodies = [{}, {**runner(), "more": 1}, runner()]
    answers = [client.post(RUNNERS, json=body) for body in bodies]

    assert [answer.status_code for answer in answers] == [400, 400, 401]


def test_rules_beyond_the_schema_are_checked_after_identity(serving: Serving, runner: Given) -> None:
    _, client = serving()
    body = runner()
    body["runner_configuration"]["cluster"] = {}

    answer = client.post(RUNNERS, json=body)

    assert answer.status_code == 401


def test_the_gateway_checks_the_token_before_everything_else(serving: Serving) -> None:
    _, client = serving(tokens={"secret": "ci"})

    missing = client.post(RUNNERS, json={})
    wrong = client.post(RUNNERS, json={}, headers={"Authorization": "Bearer stranger"})

    assert missing.json() == wrong.json() == {"error": "HTTP-401", "message": "Unauthorized"}
    assert missing.headers["www-authenticate"] == "Cookie, Bearer"
    assert wrong.headers["www-authenticate"] == 'Cookie, Bearer error="invalid_token"'


@pytest.mark.parametrize(("verb", "path"), [("GET", "/orgs/acme/nothing"), ("PUT", f"{RUNNERS}/runner-one")])
def test_the_gateway_reports_unknown_paths_and_methods_only_to_known_callers(
    serving: Serving, verb: str, path: str
) -> None:
    _, client = serving(tokens={"secret": "ci"})

    nobody = client.request(verb, path)
    known = client.request(verb, path, headers={"Authorization": "Bearer secret"})

    assert [nobody.status_code, known.status_code] == [401, 404]


def test_references_are_looked_up_last(organization: httpx.Client) -> None:
    broken = organization.post("/orgs/acme/runner-rules", json={"runner_id": 5})
    missing = organization.post("/orgs/acme/runner-rules", json={"runner_id": "none"})

    assert [broken.status_code, missing.status_code] == [400, 409]


@pytest.mark.parametrize("path", ["/orgs/acme/envs", "/internal/orgs/acme/runners/aa", "/internal/orgs"])
def test_paths_that_no_gateway_rule_knows_are_not_found(organization: httpx.Client, path: str) -> None:
    answer = organization.get(path)

    assert (answer.status_code, answer.json()["message"]) == (404, "no matching operation was found")


@pytest.mark.parametrize(
    ("name", "status"),
    [("ab", 201), ("a" * 50, 201), ("a-1", 201), ("a", 400), ("a" * 51, 400), ("a--b", 400), ("1a", 400)],
)
def test_an_organization_is_created_by_an_id_of_two_to_fifty_characters(
    client: httpx.Client, runner: Given, name: str, status: int
) -> None:
    answer = client.post("/admin/orgs", json={"id": name})

    assert answer.status_code == status
    assert client.post(f"/orgs/{name}/runners", json=runner()).status_code == (201 if status == 201 else 409)


def test_health_probes_need_no_identity(serving: Serving) -> None:
    _, client = serving(tokens={"secret": "ci"})

    alive, health = client.get("/alive"), client.get("/health")

    assert (alive.status_code, alive.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert (health.status_code, set(health.json())) == (200, {"app", "version", "status"})
    assert health.json()["status"] == "OK"
