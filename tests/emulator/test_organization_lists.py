"""What v1 lists of an organization besides its definitions: applications and environment types."""

from pathlib import Path

import httpx
import pytest

from reconciler.emulator import ApiError, Choices, Emulator
from tests.emulator.conftest import HEADERS

TYPES = "/orgs/acme/env-types"
APPLICATIONS = "/orgs/acme/apps"
V1_CLIENT = {"Humanitec-User-Agent": "app test/1"}
RESOURCE_TYPES = "/orgs/acme/resources/types"
OF_THE_VENDOR = (
    "amqp",
    "azure-federated-identity",
    "azure-managed-identity",
    "azure-role-assignments",
    "azure-role-definition",
    "azure-service-bus-queue",
    "gcp-iam-policy-binding",
    "gcp-pubsub-subscription",
    "gcp-pubsub-topic",
    "gcp-service-account",
    "sqs",
)


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return [item["id"] for item in answer.json()]


def _types(client: httpx.Client) -> set[str]:
    return {item["type"] for item in client.get(RESOURCE_TYPES).json()}


def test_each_api_lists_environment_types_in_its_own_form(door: httpx.Client) -> None:
    """Both have the path; the services distinguish them by host, the emulator by a header of v1."""
    door.post(TYPES, json={"id": "staging"})
    assert _ids(door.get(TYPES, headers=V1_CLIENT)) == ["development", "staging"]
    assert [item["id"] for item in door.get(TYPES).json()["items"]] == ["staging"]


def test_an_application_that_was_created_or_deployed_is_listed(
    client: httpx.Client, emulator: Emulator
) -> None:
    made = client.post(APPLICATIONS, json={"id": "shop", "name": "Shop"})
    assert (made.status_code, made.json()["name"]) == (201, "Shop")
    assert client.post(APPLICATIONS, json={"id": "shop"}).status_code == 409
    assert client.post(APPLICATIONS, json={"id": "Shop!"}).status_code == 400
    emulator.seed(
        {
            "organization": "acme",
            "applications": [{"id": "till"}],
            "definitions": [
                {"id": "pg-dev", "name": "pg", "type": "postgres", "driver_type": "humanitec/echo"}
            ],
            "active_resources": [{"def_id": "pg-dev", "app_id": "back", "env_id": "dev", "res_id": "db"}],
        }
    )
    assert _ids(client.get(APPLICATIONS)) == ["shop", "till", "back"]


def test_types_of_the_vendors_pages_and_packs_exist(client: httpx.Client) -> None:
    assert set(OF_THE_VENDOR) <= _types(client)


def test_further_types_can_be_configured_even_for_an_organization_of_an_older_state(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state.db"
    for chosen in ((), ("acme/queue", "ldap")):
        with (
            Emulator(state, ["acme"], choices=Choices(resource_types=chosen)) as emulator,
            httpx.Client(
                transport=emulator.transport(), base_url="http://emulator", headers=HEADERS
            ) as client,
        ):
            assert {"acme/queue", "ldap"} & _types(client) == set(chosen)
            assert len(client.get("/orgs/acme/resources/defs").json()) == 6


def test_a_type_configured_once_is_kept_in_the_state_file(tmp_path: Path) -> None:
    """This is how the orchestrator that is embedded without a settings file gets one."""
    state = tmp_path / "state.db"
    for chosen in ((), ("acme/queue",)):
        Emulator(state, ["acme"], choices=Choices(resource_types=chosen)).close()
    with (
        Emulator(state) as emulator,
        httpx.Client(transport=emulator.transport(), base_url="http://emulator", headers=HEADERS) as client,
    ):
        assert "acme/queue" in _types(client)


@pytest.mark.parametrize("name", ["", "UPPER", "a b", "acme/", "/queue"])
def test_a_type_that_no_organization_can_have_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ApiError):
        Emulator(choices=Choices(resource_types=(name,)))


@pytest.mark.parametrize("path", ["/orgs/nobody/agents", "/orgs/nobody/resources/defs"])
def test_the_refusal_of_an_unknown_organization_says_how_to_register_it(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "POST /admin/orgs" in answer.json()["message"]
