"""Callers who may only read (v2 sections 2.2, 2.3 and 3.1; v1 section 1.1)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

Given = Callable[..., dict[str, Any]]
ENV = "/orgs/acme/projects/shop/envs/qa"
UNKNOWN = "01234567-89ab-4def-8123-456789abcdef"


@pytest.fixture
def reader(serving: Callable[..., tuple[Emulator, httpx.Client]], runner: Given) -> httpx.Client:
    """A client like that of a plan, which may only read, in an organization with some objects."""
    emulator, client = serving("peek", tokens={"peek": "plan", "secret": "ci"}, read_only=["plan"])
    emulator.seed({"organization": "acme", "env_types": [{"id": "dev"}], "runners": [runner()]})
    return client


@pytest.mark.parametrize(
    ("verb", "path", "body", "permission"),
    [
        ("POST", "/orgs/acme/env-types", {"id": "prod"}, "environment_type_write"),
        ("PATCH", "/orgs/acme/env-types/dev", {"display_name": "x"}, "environment_type_write"),
        ("POST", "/orgs/acme/projects", {"id": "shop"}, "project_write"),
        ("DELETE", "/orgs/acme/projects/shop", None, "project_write"),
        ("DELETE", ENV, None, "environment_write"),
        ("POST", f"{ENV}/actions/refresh_runner?dry_run=true", None, "environment_write"),
        ("PATCH", "/orgs/acme/runners/runner-one", {}, "runner_write"),
        ("DELETE", "/orgs/acme/runners/runner-one", None, "runner_write"),
        ("POST", "/orgs/acme/runner-rules", {"runner_id": "runner-one"}, "runner_rule_write"),
        ("DELETE", f"/orgs/acme/runner-rules/{UNKNOWN}", None, "runner_rule_write"),
    ],
)
def test_a_write_without_permission_names_the_check_that_failed(
    reader: httpx.Client, verb: str, path: str, body: Any, permission: str
) -> None:
    answer = reader.request(verb, path, json=body)

    assert answer.status_code == 403
    assert answer.json() == {
        "error": "HTTP-403",
        "message": "Forbidden",
        "details": {"failed_checks": [{"resource": "organization:acme", "permission": permission}]},
    }


def test_creating_an_organization_is_a_write_outside_any_organization(reader: httpx.Client) -> None:
    answer = reader.post("/admin/orgs", json={"id": "other"})

    assert (answer.status_code, answer.json()) == (403, {"error": "HTTP-403", "message": "Forbidden"})


@pytest.mark.parametrize(
    ("path", "body", "permission"),
    [
        ("resource-types", {"id": "s3", "output_schema": {}}, "resource_type_write"),
        (
            "module-providers",
            {"provider_type": "aws", "id": "main", "source": "hashicorp/aws", "version_constraint": "= 1"},
            "module_provider_write",
        ),
        ("modules", {"id": "bb", "resource_type": "s3", "module_source": "git::https://h/r"}, "module_write"),
        ("module-rules", {"module_id": "bb"}, "module_rule_write"),
    ],
)
def test_kinds_of_the_catalogue_have_permissions_of_their_own(
    reader: httpx.Client, path: str, body: Any, permission: str
) -> None:
    answer = reader.post(f"/orgs/acme/{path}", json=body)

    assert answer.status_code == 403
    assert answer.json()["details"]["failed_checks"][0]["permission"] == permission


def test_reading_is_allowed_to_those_who_may_read(reader: httpx.Client) -> None:
    listed, one = reader.get("/orgs/acme/runners"), reader.get("/orgs/acme/runners/runner-one")

    assert [listed.status_code, one.status_code] == [200, 200]


def test_an_invalid_body_is_reported_even_to_a_caller_without_rights(reader: httpx.Client) -> None:
    answer = reader.post("/orgs/acme/runners", json={})

    assert answer.status_code == 400


def test_permission_comes_before_the_object(reader: httpx.Client, runner: Given) -> None:
    missing = reader.delete("/orgs/acme/runners/none")
    taken = reader.post("/orgs/acme/runners", json=runner())

    assert [missing.status_code, taken.status_code] == [403, 403]


def test_a_refused_write_changes_nothing_and_is_logged(
    serving: Callable[..., tuple[Emulator, httpx.Client]], runner: Given
) -> None:
    emulator, client = serving("peek", tokens={"peek": "plan"}, read_only=["plan"])

    client.post("/orgs/acme/runners", json=runner())

    entry = emulator.log.entries()[-1]
    assert (entry.who, entry.status, entry.effect) == ("plan", 403, "none")
    assert client.get("/orgs/acme/runners").json() == {"items": []}


def test_another_token_of_the_same_table_may_write(reader: httpx.Client, runner: Given) -> None:
    answer = reader.post(
        "/orgs/acme/runners", json=runner("runner-two"), headers={"Authorization": "Bearer secret"}
    )

    assert answer.status_code == 201


def test_a_sender_without_token_may_be_one_who_only_reads(
    serving: Callable[..., tuple[Emulator, httpx.Client]], runner: Given
) -> None:
    _, client = serving(read_only=[UNKNOWN])
    client.headers["From"] = UNKNOWN

    read, written = client.get("/orgs/acme/runners"), client.post("/orgs/acme/runners", json=runner())

    assert [read.status_code, written.status_code] == [200, 403]


def test_the_first_api_refuses_writes_the_same_way(reader: httpx.Client) -> None:
    read, written = reader.get("/orgs/acme/agents"), reader.delete("/orgs/acme/resources/defs/none")

    assert read.status_code == 200
    assert (written.status_code, written.json()) == (403, {"error": "API-403", "message": "Forbidden"})
