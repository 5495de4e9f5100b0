"""Environment types, projects and environments (v2 section 16), and the order of a whole organization."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator

Given = Callable[..., dict[str, Any]]
TYPES, PROJECTS = "/orgs/acme/env-types", "/orgs/acme/projects"
ENVS = f"{PROJECTS}/shop/envs"
KINDS = [(TYPES, {}), (PROJECTS, {}), (ENVS, {"env_type_id": "dev"})]
NOW = "2026-03-01T08:00:00.000000Z"
BAD_SLUGS = ["", "a", "A1", "1a", "-a", "a-", "a--b", "a_b", "a.b", "ab\n", "a b", "aé", "a" * 26 + "!"]


def test_an_environment_type_reads_back_with_a_default_name(organization: httpx.Client) -> None:
    created = organization.post(TYPES, json={"id": "test"})

    document = created.json()
    assert created.status_code == 201
    assert document == {
        "id": "test",
        "uuid": str(uuid.UUID(document["uuid"])),
        "display_name": "test",
        "created_at": NOW,
    }
    assert organization.get(f"{TYPES}/test").json() == document


def test_a_project_reads_back_active_with_a_default_name(organization: httpx.Client) -> None:
    created = organization.post(PROJECTS, json={"id": "games"})

    document = created.json()
    assert created.status_code == 201
    assert document == {
        "id": "games",
        "uuid": str(uuid.UUID(document["uuid"])),
        "display_name": "games",
        "created_at": NOW,
        "updated_at": NOW,
        "status": "active",
    }


def test_an_environment_reads_back_with_its_project_and_without_runner(organization: httpx.Client) -> None:
    created = organization.post(ENVS, json={"id": "live", "env_type_id": "prod", "display_name": "Live 1"})

    document = created.json()
    assert created.status_code == 201
    assert document == {
        "id": "live",
        "uuid": str(uuid.UUID(document["uuid"])),
        "project_id": "shop",
        "project_uuid": organization.get(f"{PROJECTS}/shop").json()["uuid"],
        "env_type_id": "prod",
        "display_name": "Live 1",
        "created_at": NOW,
        "updated_at": NOW,
        "status": "active",
    }


@pytest.mark.parametrize(("path", "members"), KINDS)
@pytest.mark.parametrize("name", BAD_SLUGS)
def test_an_id_is_a_slug(organization: httpx.Client, path: str, members: Any, name: str) -> None:
    answer = organization.post(path, json={"id": name, **members})

    assert answer.status_code == 400
    assert answer.json()["message"].endswith("identifier")


@pytest.mark.parametrize(("path", "members"), KINDS)
@pytest.mark.parametrize("name", ["ab", "a1", "a-1-b", "a" * 200])
def test_a_slug_has_two_characters_and_no_longest_length(
    organization: httpx.Client, path: str, members: Any, name: str
) -> None:
    assert organization.post(path, json={"id": name, **members}).status_code == 201


@pytest.mark.parametrize(("path", "members"), KINDS)
def test_an_id_can_be_used_once(organization: httpx.Client, path: str, members: Any) -> None:
    first, second = (organization.post(path, json={"id": "once", **members}) for _ in range(2))

    assert [first.status_code, second.status_code] == [201, 409]
    assert "once already exists" in second.json()["message"]


@pytest.mark.parametrize(("path", "members"), KINDS)
def test_nothing_is_created_in_an_unknown_organization(
    organization: httpx.Client, path: str, members: Any
) -> None:
    answer = organization.post(path.replace("acme", "nobody"), json={"id": "once", **members})

    assert answer.status_code == 409


@pytest.mark.parametrize(("path", "members"), KINDS)
def test_an_update_accepts_a_display_name_and_nothing_else(
    emulator: Emulator, organization: httpx.Client, path: str, members: Any
) -> None:
    created = organization.post(path, json={"id": "once", **members}).json()
    emulator.clock.advance(seconds=1)

    renamed = organization.patch(f"{path}/once", json={"display_name": "New Name"})
    without = organization.patch(f"{path}/once", json={})
    more = organization.patch(f"{path}/once", json={"display_name": "Other", "env_type_id": "prod"})

    assert renamed.status_code == 200
    later = {"updated_at": "2026-03-01T08:00:01.000000Z"} if "updated_at" in created else {}
    assert renamed.json() == {**created, "display_name": "New Name", **later}
    assert without.json()["message"].endswith('Error at "/display_name": property "display_name" is missing')
    assert more.json()["message"] == 'Parsing error: error=json: unknown field "env_type_id"'
    assert organization.get(f"{path}/once").json() == renamed.json()


@pytest.mark.parametrize(("path", "members"), KINDS)
def test_an_unknown_object_is_not_found(organization: httpx.Client, path: str, members: Any) -> None:
    one = f"{path}/none"

    answers = [
        organization.get(one),
        organization.delete(one),
        organization.patch(one, json={"display_name": "xx"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


@pytest.mark.parametrize(("path", "members"), KINDS)
def test_an_object_created_again_has_another_uuid(
    organization: httpx.Client, path: str, members: Any
) -> None:
    body = {"id": "once", **members}
    first = organization.post(path, json=body).json()

    deleted = organization.delete(f"{path}/once")
    second = organization.post(path, json=body).json()

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert first["uuid"] != second["uuid"]


@pytest.mark.parametrize("path", [PROJECTS, ENVS])
@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("xy", True),
        ("a b", True),
        ("é ü", True),
        ("\U0001f600" * 60, True),
        ("x", False),
        ("", False),
        ("x" * 61, False),
        (" lead", False),
        ("trail ", False),
        ("tab\there", False),
        ("line\nbreak", False),
        ("no\u00a0break", False),
        ("thin\u2009space", False),
        ("del\x7f", False),
    ],
)
def test_a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside(
    organization: httpx.Client,
    path: str,
    name: str,
    accepted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    body = {"id": "once", "display_name": name, **({"env_type_id": "dev"} if path == ENVS else {})}

    answer = organization.post(path, json=body)

    assert answer.status_code == (201 if accepted else 400)


@pytest.mark.parametrize(("name", "status"), [("x" * 60, 201), (" any\t", 201), ("x" * 61, 400), (5, 400)])
def test_a_name_of_an_environment_type_has_at_most_sixty_characters(
    organization: httpx.Client, name: Any, status: int
) -> None:
    assert organization.post(TYPES, json={"id": "once", "display_name": name}).status_code == status


def test_an_environment_type_in_use_names_one_environment(organization: httpx.Client) -> None:
    answer = organization.delete(f"{TYPES}/dev")

    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "environment type is in use by app 'shop' env 'qa'",
    )


def test_a_project_with_environments_is_not_deleted(organization: httpx.Client) -> None:
    answer = organization.delete(f"{PROJECTS}/shop", params={"deleteRules": "true"})

    assert (answer.status_code, answer.json()["message"]) == (409, "project contains environments")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (f"{PROJECTS}/none/envs", {"id": "live", "env_type_id": "dev"}, "project 'none' not found"),
        (ENVS, {"id": "live", "env_type_id": "none"}, "environment type 'none' not found"),
    ],
)
def test_an_environment_needs_a_project_and_a_type_that_exist(
    organization: httpx.Client, path: str, body: Any, message: str
) -> None:
    answer = organization.post(path, json=body)

    assert (answer.status_code, answer.json()["message"]) == (409, message)


def test_the_type_of_an_environment_is_required_and_a_slug(organization: httpx.Client) -> None:
    missing = organization.post(ENVS, json={"id": "live"})
    malformed = organization.post(ENVS, json={"id": "live", "env_type_id": "Bad"})

    assert missing.json()["message"].endswith('Error at "/env_type_id": property "env_type_id" is missing')
    assert malformed.json()["message"].endswith(": env_type_id must be a valid environment type identifier")


def test_the_filter_by_environment_type_may_repeat(organization: httpx.Client) -> None:
    for name, env_type in (("aa", "prod"), ("bb", "dev")):
        organization.post(ENVS, json={"id": name, "env_type_id": env_type})

    def ids(query: str) -> list[str]:
        return [item["id"] for item in organization.get(f"{ENVS}?{query}").json()["items"]]

    assert ids("byEnvTypeId=prod") == ["aa"]
    assert ids("byEnvTypeId=prod&byEnvTypeId=dev") == ["aa", "bb", "qa"]
    assert ids("byEnvTypeId=none") == []


@pytest.fixture
def lingering(
    serving: Callable[..., tuple[Emulator, httpx.Client]], runner: Given
) -> tuple[Emulator, httpx.Client]:
    """Create a deployed environment whose destruction takes a minute of the emulator's time."""
    emulator, client = serving("any", choices=Choices(destroy_seconds=60))
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "dev"}],
            "projects": [{"id": "shop"}],
            "runners": [runner("aa")],
            "environments": [{"id": "qa", "project": "shop", "env_type_id": "dev", "runner_id": "aa"}],
        }
    )
    return emulator, client


def test_deleting_a_deployed_environment_is_accepted_and_polled_until_it_is_deleted(
    lingering: tuple[Emulator, httpx.Client],
) -> None:
    emulator, client = lingering

    accepted = client.delete(f"{ENVS}/qa")
    meanwhile = client.get(f"{ENVS}/qa")
    again = client.delete(f"{ENVS}/qa")
    emulator.clock.advance(seconds=61)
    gone = client.get(f"{ENVS}/qa")

    assert (accepted.status_code, accepted.json()["status"]) == (202, "deleting")
    assert (meanwhile.status_code, meanwhile.json()) == (200, accepted.json())
    assert (again.status_code, again.json()["message"]) == (
        409,
        "cannot delete environment in status 'deleting'",
    )
    assert gone.status_code == 404
    assert client.delete(f"{PROJECTS}/shop").status_code == 204


def test_force_drops_an_environment_without_destroying(lingering: tuple[Emulator, httpx.Client]) -> None:
    _, client = lingering
    client.delete(f"{ENVS}/qa")

    forced = client.delete(f"{ENVS}/qa", params={"force": "true"})

    assert (forced.status_code, forced.content) == (204, b"")
    assert client.get(f"{ENVS}/qa").status_code == 404


def test_an_environment_with_nothing_to_destroy_is_deleted_at_once(organization: httpx.Client) -> None:
    answer = organization.delete(f"{ENVS}/qa", params={"deleteRules": "true"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert organization.get(f"{ENVS}/qa").status_code == 404


@pytest.mark.parametrize("query", ["force=maybe", "deleteRules=2", "force=null"])
def test_a_boolean_is_one_of_the_words_the_server_knows(organization: httpx.Client, query: str) -> None:
    name, _, value = query.partition("=")

    answer = organization.delete(f"{ENVS}/qa?{query}")

    assert (answer.status_code, answer.json()["message"]) == (
        400,
        f'parameter "{name}" in query has an error: value {value}: an invalid boolean: invalid syntax',
    )


def test_an_organization_is_created_in_one_order_and_deleted_in_the_reverse(
    emulator: Emulator, client: httpx.Client, runner: Given
) -> None:
    steps = [
        (TYPES, {"id": "dev"}),
        (PROJECTS, {"id": "shop"}),
        ("/orgs/acme/runners", runner("aa")),
        ("/orgs/acme/runner-rules", {"runner_id": "aa", "project_id": "shop", "env_type_id": "dev"}),
        (ENVS, {"id": "qa", "env_type_id": "dev"}),
    ]
    made = [(path, client.post(path, json=body)) for path, body in steps]
    emulator.deploy("acme", "shop", "qa")

    deleted = [client.delete(f"{path}/{answer.json()['id']}") for path, answer in reversed(made)]

    assert [answer.status_code for _, answer in made] == [201] * 5
    assert [answer.status_code for answer in deleted] == [202, 204, 204, 204, 204]
    assert [client.get(path).json() for path, _ in steps] == [{"items": []}] * 5
