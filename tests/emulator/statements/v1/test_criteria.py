"""Matching criteria and the choice among them (v1 sections 4.10 and 12)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

DEFS = "/orgs/acme/resources/defs"
ONE = f"{DEFS}/store-one"
RULES = f"{ONE}/criteria"
Given = Callable[..., Any]
Rule = dict[str, str]


def _bare(rules: list[Rule]) -> list[Rule]:
    return [{name: value for name, value in rule.items() if name != "id"} for rule in rules]


def test_an_empty_rule_means_any_and_has_the_default_class(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition()

    added = client.post(RULES, json={})

    assert (added.status_code, set(added.json()), added.json()["class"]) == (200, {"id", "class"}, "default")


@pytest.mark.parametrize("name", ["env_type", "app_id", "env_id", "res_id"])
@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_field_is_an_absent_field(
    client: httpx.Client, given_definition: Given, name: str, empty: str | None
) -> None:
    given_definition()

    added = client.post(RULES, json={name: empty}).json()

    assert set(added) == {"id", "class"}


def test_all_five_fields_are_kept(client: httpx.Client, given_definition: Given) -> None:
    rule = {"env_type": "test", "app_id": "shop", "env_id": "qa", "res_id": "bucket", "class": "big"}
    given_definition()

    added = client.post(RULES, json=rule).json()

    assert {name: value for name, value in added.items() if name != "id"} == rule
    assert client.get(ONE).json()["criteria"] == [added]


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("POST", RULES, {"app_id": "shop"}),
        ("POST", RULES, {"app_id": "shop", "class": "default", "env_id": ""}),
        ("PUT", f"{DEFS}/store-two/criteria", [{"app_id": "shop"}]),
        ("POST", f"{DEFS}/store-two/criteria", {"app_id": "shop"}),
        ("PUT", RULES, [{"env_id": "qa"}, {"env_id": "qa"}]),
    ],
)
def test_a_rule_exists_once_per_type(
    client: httpx.Client, given_definition: Given, verb: str, path: str, body: Any
) -> None:
    created = given_definition(criteria=[{"app_id": "shop"}])
    given_definition("store-two")

    answer = client.request(verb, path, json=body)

    assert (answer.status_code, answer.json()["error"]) == (409, "API-409")
    assert client.get(ONE).json()["criteria"] == created["criteria"]


def test_a_conflict_names_who_holds_the_rule(
    client: httpx.Client, definition: Given, given_definition: Given
) -> None:
    given_definition(criteria=[{"app_id": "shop"}])

    answer = client.post(DEFS, json=definition("store-two", criteria=[{"app_id": "shop"}]))

    assert answer.status_code == 409
    assert "store-one" in answer.json()["message"]


@pytest.mark.parametrize("change", [{"class": "big"}, {"env_id": "qa"}, {"app_id": "other"}])
def test_a_rule_that_differs_in_one_field_is_another_rule(
    client: httpx.Client, given_definition: Given, change: Rule
) -> None:
    given_definition(criteria=[{"app_id": "shop"}])

    answer = client.post(RULES, json={"app_id": "shop"} | change)

    assert answer.status_code == 200


def test_the_same_rule_may_exist_for_another_type(client: httpx.Client, given_definition: Given) -> None:
    given_definition(criteria=[{"app_id": "shop"}])

    other = given_definition("base-one", type="mysql", criteria=[{"app_id": "shop"}])

    assert len(other["criteria"]) == 1


def test_replacing_returns_the_new_list_and_nothing_empties_it(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition(criteria=[{"app_id": "shop"}, {"app_id": "blog"}])

    replaced = client.put(RULES, json=[{"env_id": "qa"}, {"app_id": "shop"}])
    emptied = client.put(RULES, json=[])

    assert _bare(replaced.json()) == [
        {"env_id": "qa", "class": "default"},
        {"app_id": "shop", "class": "default"},
    ]
    assert (emptied.status_code, emptied.json()) == (200, [])
    assert "criteria" not in client.get(ONE).json()


def test_what_was_read_may_be_sent_back(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition(criteria=[{"app_id": "shop"}, {}])

    answer = client.put(RULES, json=created["criteria"])

    assert (answer.status_code, answer.json()) == (200, created["criteria"])


def test_a_rule_moves_only_after_it_was_deleted(client: httpx.Client, given_definition: Given) -> None:
    (rule,) = given_definition(criteria=[{"app_id": "shop"}])["criteria"]
    given_definition("store-two")
    target = f"{DEFS}/store-two/criteria"

    early = client.post(target, json={"app_id": "shop"})
    client.delete(f"{RULES}/{rule['id']}")
    between = client.get(DEFS, params={"res_type": "s3", "app": "shop"}).json()
    late = client.post(target, json={"app_id": "shop"})

    assert (early.status_code, between, late.status_code) == (409, [], 200)


def test_criteria_of_unknown_definitions_and_unknown_criteria_are_404(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition()

    answers = (
        client.put(f"{DEFS}/store-nine/criteria", json=[]),
        client.post(f"{DEFS}/store-nine/criteria", json={}),
        client.delete(f"{DEFS}/store-nine/criteria/1"),
        client.delete(f"{RULES}/1"),
    )

    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.parametrize(
    ("verb", "body"), [("PUT", {}), ("PUT", ["x"]), ("POST", []), ("POST", {"app_id": 5}), ("POST", "x")]
)
def test_criteria_of_another_form_are_422(
    client: httpx.Client, given_definition: Given, verb: str, body: Any
) -> None:
    given_definition()

    answer = client.request(verb, RULES, json=body)

    assert answer.status_code == 422


CONTEXT = {"env_type": "test", "env_id": "qa", "app_id": "shop", "res_id": "bucket"}
BY_RANK: tuple[Rule, ...] = (
    {"res_id": "bucket"},
    {"env_id": "qa", "app_id": "shop", "env_type": "test"},
    {"env_id": "qa"},
    {"app_id": "shop", "env_type": "test"},
    {"app_id": "shop"},
    {"env_type": "test"},
    {},
)


def _winner(
    client: httpx.Client, given_definition: Given, given_active_resource: Given, **members: str
) -> str:
    """The definition that would take over a resource from one without rules."""
    given_definition("holder")
    given_active_resource("holder", **CONTEXT, **members)
    changes = client.delete(f"{DEFS}/holder").json()
    return str(changes[0]["to_def"])


@pytest.mark.parametrize("place", range(len(BY_RANK) - 1))
def test_a_rule_wins_over_the_next_lower_rank(
    client: httpx.Client, given_definition: Given, given_active_resource: Given, place: int
) -> None:
    given_definition("lower", criteria=[BY_RANK[place + 1]])
    given_definition("higher", criteria=[BY_RANK[place]])

    winner = _winner(client, given_definition, given_active_resource)

    assert winner == "higher"


def test_a_filtered_list_is_in_order_of_rank(client: httpx.Client, given_definition: Given) -> None:
    for place in (3, 0, 6, 2, 5, 1, 4):
        given_definition(f"rank-{place}", criteria=[BY_RANK[place]])

    query = {
        "res_type": "s3",
        "app": "shop",
        "env": "qa",
        "env_type": "test",
        "res": "bucket",
        "class": "default",
    }
    listed = client.get(DEFS, params=query).json()

    assert [item["id"] for item in listed] == [f"rank-{place}" for place in range(7)]


@pytest.mark.parametrize(
    "rule",
    [
        {"env_type": "development"},
        {"app_id": "other"},
        {"env_id": "dev"},
        {"res_id": "other"},
        {"class": "sensitive"},
        {"env_id": "qa", "env_type": "development"},
        {"app_id": "*"},
        {"app_id": "sho"},
        {"app_id": "Shop"},
        {"res_id": "buck*"},
    ],
    ids=str,
)
def test_a_rule_that_contradicts_the_context_never_matches(
    client: httpx.Client, given_definition: Given, given_active_resource: Given, rule: Rule
) -> None:
    given_definition("other-one", criteria=[rule])

    winner = _winner(client, given_definition, given_active_resource)

    assert winner == ""


def test_a_class_is_matched_by_its_own_rules_only(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition("plain-one", criteria=[{"res_id": "bucket"}])
    given_definition("class-one", criteria=[{"class": "sensitive"}])

    winner = _winner(client, given_definition, given_active_resource, **{"class": "sensitive"})

    assert winner == "class-one"


def test_rules_of_other_types_and_of_deleted_definitions_do_not_count(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition("other-type", type="mysql", criteria=[{"res_id": "bucket"}])
    given_definition("deleted-one", criteria=[{"res_id": "bucket"}])
    given_definition("plain-one", criteria=[{}])
    client.delete(f"{DEFS}/deleted-one")

    winner = _winner(client, given_definition, given_active_resource)

    assert winner == "plain-one"
