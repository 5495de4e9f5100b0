"""Cloud accounts, as described in v1 section 7.3."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator
from reconciler.emulator.choices import UnknownAccounts

ACCOUNTS = "/orgs/acme/resources/accounts"
ONE = f"{ACCOUNTS}/aws-prod"
DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., dict[str, Any]]


def _account(name: str = "aws-prod", **members: Any) -> dict[str, Any]:
    credentials = {"access_key_id": "hush", "secret_access_key": "hush"}
    return {"id": name, "name": "AWS", "type": "aws", "credentials": credentials, **members}


def test_an_account_is_answered_without_its_credentials(client: httpx.Client) -> None:
    answer = client.post(ACCOUNTS, json=_account())

    assert answer.status_code == 200
    assert answer.json() == {
        "id": "aws-prod",
        "name": "AWS",
        "type": "aws",
        "is_used": False,
        "created_by": "token-holder",
        "created_at": "2026-03-01T08:00:00.000Z",
    }
    assert client.get(ONE).json() == answer.json()
    assert client.get(ACCOUNTS).json() == [answer.json()]


def test_credentials_are_not_kept_anywhere(tmp_path: Path) -> None:
    with Emulator(tmp_path / "state.db", ["acme"]) as emulator:
        emulator.seed({"organization": "acme", "accounts": [_account()]})

    for part in tmp_path.iterdir():
        assert b"hush" not in part.read_bytes()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"id": None}, 400, id="no id"),
        pytest.param({"id": "ab"}, 400, id="id that no definition can name"),
        pytest.param({"id": "Aws Prod"}, 400, id="id outside the pattern"),
        pytest.param({"type": None}, 400, id="no type"),
        pytest.param({"type": ""}, 400, id="empty type"),
        pytest.param({"name": None}, 400, id="no name"),
        pytest.param({"name": 5}, 422, id="name is a number"),
        pytest.param({"credentials": None}, 400, id="no credentials"),
        pytest.param({"credentials": "hush"}, 422, id="credentials are a string"),
        pytest.param({"id": "taken"}, 409, id="taken"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_and_without_dry_run(
    client: httpx.Client, change: dict[str, Any], status: int
) -> None:
    client.post(ACCOUNTS, json=_account("taken"))

    for query in ({}, {"dry_run": "true"}):
        answer = client.post(ACCOUNTS, json=_account(**change), params=query)

        assert (answer.status_code, "hush" in answer.text) == (status, False)
    assert [account["id"] for account in client.get(ACCOUNTS).json()] == ["taken"]


def test_a_dry_run_answers_204_and_changes_nothing(client: httpx.Client) -> None:
    answer = client.post(ACCOUNTS, json=_account(), params={"dry_run": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(ACCOUNTS).json() == []
    created = client.post(ACCOUNTS, json=_account(), params={"dry_run": "false"}).json()

    assert client.patch(ONE, json={"name": "new"}, params={"dry_run": "true"}).status_code == 204

    assert client.get(ONE).json() == created
    assert client.patch(ONE, json={"name": ""}, params={"dry_run": "true"}).status_code == 400
    assert client.post(ACCOUNTS, json=_account(), params={"dry_run": "maybe"}).status_code == 400


def test_a_patch_changes_name_and_credentials_only(client: httpx.Client) -> None:
    created = client.post(ACCOUNTS, json=_account()).json()

    answer = client.patch(
        ONE, json={"name": "new", "credentials": {"k": "hush"}, "type": "gcp", "id": "other"}
    )

    assert answer.status_code == 200
    assert answer.json() == {**created, "name": "new"}
    assert client.patch(ONE, json={"name": None}).json() == answer.json()
    assert client.patch(ONE, json={"credentials": 5}).status_code == 422
    assert client.get(ONE).json() == answer.json()


def test_unknown_accounts_are_not_found(client: httpx.Client) -> None:
    assert client.get(ONE).status_code == 404
    assert client.patch(ONE, json={}).status_code == 404
    assert client.delete(ONE).status_code == 404
    assert client.post(f"{ONE}/actions/check").status_code == 404
    assert client.put(ONE, json=_account()).status_code == 405


def test_credentials_are_checked_on_demand(client: httpx.Client) -> None:
    check = {"check_credential": "true"}
    blank = {"key": " ", "nested": [{"more": ""}], "number": 5}

    assert client.post(ACCOUNTS, json=_account(credentials=blank), params=check).status_code == 400
    assert client.get(ACCOUNTS).json() == []
    assert client.post(ACCOUNTS, json=_account(credentials=blank)).status_code == 200
    assert client.post(f"{ONE}/actions/check").status_code == 400
    assert client.patch(ONE, json={"name": "new"}, params=check).status_code == 400
    assert client.get(ONE).json()["name"] == "AWS"

    good = {"nested": [{"more": "hush"}]}
    assert client.patch(ONE, json={"credentials": good}, params=check).status_code == 200
    answer = client.post(f"{ONE}/actions/check")

    assert answer.status_code == 200
    (field,) = answer.json()["identity_fields"]
    assert field == {"id": "id", "description": "Account of type aws", "value": "aws-prod"}
    assert all(isinstance(warning, str) for warning in answer.json()["warnings"])


def test_an_account_that_a_definition_names_is_used_and_kept(client: httpx.Client, definition: Make) -> None:
    client.post(ACCOUNTS, json=_account())
    made = client.post(DEFS, json=definition(driver_account="aws-prod", criteria=[{}])).json()

    assert client.get(ONE).json()["is_used"] is True
    assert client.get(ACCOUNTS).json()[0]["is_used"] is True
    refused = client.delete(ONE)

    assert refused.status_code == 400
    assert refused.json()["details"] == {
        "referencing_resources": {"resource_definitions": [made], "active_resources": []}
    }
    client.put(f"{DEFS}/store-one", json={"name": "x"})
    assert client.get(ONE).json()["is_used"] is False
    assert client.delete(ONE).status_code == 204
    assert client.get(ACCOUNTS).json() == []


def test_an_account_that_an_active_resource_uses_is_kept(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    client.post(ACCOUNTS, json=_account())
    active = {
        "def_id": "store-one",
        "app_id": "a",
        "env_id": "e",
        "res_id": "r",
        "driver_account": "aws-prod",
    }
    emulator.seed({"organization": "acme", "definitions": [definition()], "active_resources": [active]})

    refused = client.delete(ONE)

    (found,) = refused.json()["details"]["referencing_resources"]["active_resources"]
    assert (refused.status_code, found["res_id"]) == (400, "r")
    assert client.get(ONE).json()["is_used"] is True


def test_a_definition_may_name_an_account_that_does_not_exist(client: httpx.Client, definition: Make) -> None:
    client.post(ACCOUNTS, json=_account())

    for number, account in enumerate(("nowhere", "${resources['config#c'].account}")):
        body = definition(f"def-{number}", driver_account=account)
        assert client.post(DEFS, json=body).status_code == 200
    assert client.get(ONE).json()["is_used"] is False


def test_accounts_of_definitions_are_checked_if_configured(definition: Make) -> None:
    with Emulator(choices=Choices(unknown_accounts=UnknownAccounts.REFUSE)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        seed = {"organization": "acme", "accounts": [_account(), _account("gcp-prod", type="gcp")]}
        emulator.seed({**seed, "drivers": [{"id": "bucket", "account_types": ["aws"]}]})

        def status(name: str, account: str) -> int:
            body = definition(name, driver_type="acme/bucket", driver_account=account)
            return client.post(DEFS, json=body).status_code

        assert status("one", "nowhere") == 400
        assert status("one", "gcp-prod") == 400
        assert status("one", "aws-prod") == 200
        assert status("two", "${resources['config#c'].account}") == 200
        assert client.patch(f"{DEFS}/one", json={"driver_account": "gcp-prod"}).status_code == 400
        assert client.put(f"{DEFS}/one", json={"name": "x", "driver_account": "nowhere"}).status_code == 400
