"""Pages of lists (v2 section 4)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

Given = Callable[..., dict[str, Any]]
RUNNERS = "/orgs/acme/runners"
LISTS = ["runners", "runner-rules", "env-types", "projects", "projects/shop/envs"]


def _ids(client: httpx.Client, path: str, **query: Any) -> list[str]:
    return [item["id"] for item in client.get(path, params=query).json()["items"]]


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_an_unknown_organization_is_empty(client: httpx.Client, kind: str) -> None:
    answer = client.get(f"/orgs/nobody/{kind}")

    assert (answer.status_code, answer.json()) == (200, {"items": []})


def test_a_page_has_a_hundred_items_unless_requested_otherwise(
    emulator: Emulator, client: httpx.Client
) -> None:
    emulator.seed({"organization": "acme", "generate": {"runners": 101}})

    usual = client.get(RUNNERS).json()
    rest = client.get(RUNNERS, params={"page": usual["next_page_token"]}).json()
    whole = client.get(RUNNERS, params={"per_page": 100_000}).json()

    assert (len(usual["items"]), len(rest["items"]), len(whole["items"])) == (100, 1, 101)
    assert "next_page_token" not in rest
    assert "next_page_token" not in whole


@pytest.mark.parametrize("size", ["0", "-1", "-99999999999999999999"])
def test_a_size_below_one_counts_as_one(organization: httpx.Client, size: str) -> None:
    assert _ids(organization, RUNNERS, per_page=size) == ["aa"]


def test_a_full_last_page_has_no_token(organization: httpx.Client) -> None:
    page = organization.get(RUNNERS, params={"per_page": 3}).json()

    assert len(page["items"]) == 3
    assert "next_page_token" not in page


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/orgs/acme/env-types", {}),
        ("/orgs/acme/projects", {}),
        ("/orgs/acme/projects/shop/envs", {"env_type_id": "dev"}),
    ],
)
def test_lists_are_ordered_by_id_and_read_page_by_page(
    organization: httpx.Client, path: str, member: Any
) -> None:
    for name in ("zz", "mm", "ab"):
        organization.post(path, json={"id": name, **member})
    whole = _ids(organization, path)

    seen, query = [], {"per_page": "2"}
    while True:
        page = organization.get(path, params=query).json()
        seen += [item["id"] for item in page["items"]]
        if "next_page_token" not in page:
            break
        query["page"] = page["next_page_token"]

    assert seen == whole == sorted(whole)
    assert {"zz", "mm", "ab"} < set(whole)


def test_a_token_marks_a_place_that_may_no_longer_exist(
    organization: httpx.Client, given_runner: Given
) -> None:
    token = organization.get(RUNNERS, params={"per_page": 2}).json()["next_page_token"]

    organization.delete(f"{RUNNERS}/bb")
    given_runner("ab")
    given_runner("cd")

    assert _ids(organization, RUNNERS, page=token) == ["cc", "cd"]


def test_a_token_may_be_used_with_another_size(organization: httpx.Client) -> None:
    token = organization.get(RUNNERS, params={"per_page": 1}).json()["next_page_token"]

    assert _ids(organization, RUNNERS, page=token, per_page=50) == ["bb", "cc"]


def test_a_list_of_runners_shows_types_only(client: httpx.Client, given_runner: Given) -> None:
    created = given_runner(description="all envs")
    given_runner("runner-two")

    first, second = client.get(RUNNERS).json()["items"]

    assert first == {
        **{name: created[name] for name in ("org_id", "id", "description", "created_at", "updated_at")},
        "runner_configuration": {"type": "kubernetes-agent"},
        "state_storage_configuration": {"type": "kubernetes"},
    }
    assert "description" not in second


@pytest.mark.parametrize("runner_type", ["serverless-ecs", "kubernetes-agent", "bogus", ""])
def test_the_filter_by_runner_type_has_no_effect(organization: httpx.Client, runner_type: str) -> None:
    assert _ids(organization, RUNNERS, byRunnerType=runner_type) == ["aa", "bb", "cc"]


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("token", ["nobody", "@@@", "W10x", "eyJhIjoxfQ"])
def test_a_token_that_was_never_issued_is_an_unforeseen_error(
    organization: httpx.Client, kind: str, token: str
) -> None:
    answer = organization.get(f"/orgs/acme/{kind}", params={"page": token})

    assert answer.status_code == 500
