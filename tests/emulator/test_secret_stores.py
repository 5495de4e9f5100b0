"""Secret stores, as described in v1 section 5, and where plain secrets are stored (v1 section 4.6)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator
from reconciler.emulator.choices import InUse, UnknownFields

STORES = "/orgs/acme/secretstores"
DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., dict[str, Any]]


def _vault(name: str = "eu-vault", **members: Any) -> dict[str, Any]:
    return {
        "id": name,
        "primary": False,
        "vault": {"url": "https://vault.acme.example", "auth": {"token": "hush", "role": "r"}},
        **members,
    }


def _primary(client: httpx.Client) -> list[str]:
    return [store["id"] for store in client.get(STORES).json() if store["primary"]]


def test_a_store_is_created_with_201_and_its_credentials_are_never_read_back(client: httpx.Client) -> None:
    body = _vault(
        vault={
            "url": "https://vault.acme.example",
            "path": "platform",
            "agent_id": "eu-private",
            "auth": {"token": "hush", "role": "r"},
        }
    )

    answer = client.post(STORES, json=body)

    assert answer.status_code == 201
    moment, person = "2026-03-01T08:00:00.000Z", "token-holder"
    assert answer.json() == {
        "id": "eu-vault",
        "primary": False,
        "vault": {"url": "https://vault.acme.example", "path": "platform", "agent_id": "eu-private"},
        "created_at": moment,
        "created_by": person,
        "updated_at": moment,
        "updated_by": person,
    }
    assert client.get(f"{STORES}/eu-vault").json() == answer.json()
    assert client.get(STORES).json()[-1] == answer.json()


def test_credentials_are_not_kept_anywhere(tmp_path: Any) -> None:
    file = tmp_path / "state.db"
    with Emulator(file, ["acme"]) as emulator:
        emulator.seed({"organization": "acme", "secret_stores": [_vault()]})

    for part in tmp_path.iterdir():
        assert b"hush" not in part.read_bytes()
    with Emulator(file) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        assert client.get(f"{STORES}/eu-vault").json()["vault"] == {"url": "https://vault.acme.example"}


@pytest.mark.parametrize(
    ("kind", "fields", "auth"),
    [
        ("awssm", {"region": "eu-west-1", "endpoint": "x"}, {"access_key_id": "a", "secret_access_key": "b"}),
        ("azurekv", {"tenant_id": "t", "url": "u"}, {"client_id": "a", "client_secret": "b"}),
        ("gcpsm", {"project_id": "p"}, {"secret_access_key": "b"}),
        ("vault", {"url": "dumburl", "path": "p", "agent_id": "nobody"}, {"token": "a", "role": "b"}),
    ],
)
def test_every_kind_shows_its_plain_fields_and_is_not_probed(
    client: httpx.Client, kind: str, fields: dict[str, str], auth: dict[str, str]
) -> None:
    answer = client.post(STORES, json={"id": "outside", "primary": True, kind: {**fields, "auth": auth}})

    assert answer.status_code == 201
    assert answer.json()[kind] == fields


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"id": None}, 400, id="no id"),
        pytest.param({"id": "a--b"}, 400, id="double hyphen"),
        pytest.param({"id": "a" * 60 + "!"}, 400, id="long id outside the pattern"),
        pytest.param({"primary": None}, 400, id="no primary"),
        pytest.param({"primary": "yes"}, 422, id="primary is a string"),
        pytest.param({"vault": None}, 400, id="no kind"),
        pytest.param({"gcpsm": {}}, 400, id="two kinds"),
        pytest.param({"vault": None, "humanitec": {}}, 400, id="the built-in kind"),
        pytest.param({"vault": []}, 422, id="kind is a list"),
        pytest.param({"vault": {"url": 5}}, 422, id="field is a number"),
        pytest.param({"vault": {"auth": "hush"}}, 422, id="auth is a string"),
        pytest.param({"vault": {"auth": {"token": 5}}}, 422, id="token is a number"),
        pytest.param({"id": "humanitec"}, 409, id="the built-in id"),
        pytest.param({"id": "taken"}, 409, id="a taken id"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_stores_nothing(
    client: httpx.Client, change: dict[str, Any], status: int
) -> None:
    client.post(STORES, json=_vault("taken"))

    answer = client.post(STORES, json=_vault(**{"primary": True, **change}))

    assert answer.status_code == status
    assert [store["id"] for store in client.get(STORES).json()] == ["humanitec", "taken"]
    assert _primary(client) == ["humanitec"]
    assert "hush" not in answer.text


def test_a_new_primary_displaces_the_old_one(client: httpx.Client, emulator: Emulator) -> None:
    client.post(STORES, json=_vault("one", primary=True))
    emulator.clock.advance(seconds=3600)

    client.post(STORES, json=_vault("two", primary=True))

    assert _primary(client) == ["two"]
    assert client.get(f"{STORES}/one").json()["updated_at"] == "2026-03-01T09:00:00.000Z"
    client.patch(f"{STORES}/one", json={"primary": True})
    assert _primary(client) == ["one"]
    client.patch(f"{STORES}/humanitec", json={"primary": True})
    assert _primary(client) == ["humanitec"]


def test_the_built_in_store_becomes_primary_if_the_primary_one_is_demoted_or_deleted(
    client: httpx.Client,
) -> None:
    client.post(STORES, json=_vault("one", primary=True))

    assert client.patch(f"{STORES}/one", json={"primary": False}).json()["primary"] is False
    assert _primary(client) == ["humanitec"]

    client.patch(f"{STORES}/one", json={"primary": True})
    assert client.delete(f"{STORES}/one").status_code == 204
    assert _primary(client) == ["humanitec"]


def test_the_built_in_store_is_protected(client: httpx.Client) -> None:
    built_in = f"{STORES}/humanitec"
    before = client.get(built_in).json()

    assert client.delete(built_in).status_code == 403
    assert client.patch(built_in, json={"primary": False}).status_code == 400
    assert client.patch(built_in, json={"vault": {"url": "x"}}).status_code == 400
    assert client.get(built_in).json() == before
    assert before["humanitec"] == {}


def test_a_patch_replaces_the_kind_object_and_keeps_the_rest(
    client: httpx.Client, emulator: Emulator
) -> None:
    client.post(STORES, json=_vault(vault={"url": "old", "path": "p"}))
    emulator.clock.advance(seconds=3600)

    changed = client.patch(f"{STORES}/eu-vault", json={"primary": None, "vault": {"url": "new"}}).json()

    assert changed["vault"] == {"url": "new"}
    assert changed["primary"] is False
    assert changed["created_at"] == "2026-03-01T08:00:00.000Z"
    assert changed["updated_at"] == "2026-03-01T09:00:00.000Z"
    assert client.get(f"{STORES}/eu-vault").json() == changed


def test_a_patch_that_changes_nothing_keeps_the_time_of_change(
    client: httpx.Client, emulator: Emulator
) -> None:
    created = client.post(STORES, json=_vault()).json()
    emulator.clock.advance(seconds=3600)

    for body in ({}, {"primary": False}, {"vault": {"url": "https://vault.acme.example"}}):
        assert client.patch(f"{STORES}/eu-vault", json=body).json() == created

    credentials = {"vault": {"url": "https://vault.acme.example", "auth": {"token": "new"}}}
    assert client.patch(f"{STORES}/eu-vault", json=credentials).json()["updated_at"] > created["updated_at"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"awssm": {}}, 400), ({"vault": {}, "awssm": {}}, 400), ({"primary": 1}, 422), ([], 422)],
)
def test_a_patch_cannot_change_the_kind_or_break_a_type(client: httpx.Client, body: Any, status: int) -> None:
    created = client.post(STORES, json=_vault()).json()

    assert client.patch(f"{STORES}/eu-vault", json=body).status_code == status
    assert client.get(f"{STORES}/eu-vault").json() == created


def test_unknown_stores_are_not_found_and_there_is_no_put(client: httpx.Client) -> None:
    assert client.get(f"{STORES}/none").status_code == 404
    assert client.patch(f"{STORES}/none", json={}).status_code == 404
    assert client.delete(f"{STORES}/none").status_code == 404
    assert client.put(f"{STORES}/none", json=_vault()).status_code == 405


def test_unknown_members_are_refused_if_configured() -> None:
    with Emulator(choices=Choices(unknown_fields=UnknownFields.REFUSE)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"

        answer = client.post(STORES, json=_vault(vault={"auth": {"pasword": "hush"}}))

    assert answer.status_code == 400
    assert "pasword" in answer.json()["message"]


def test_plain_secrets_go_to_an_external_primary_store(client: httpx.Client, definition: Make) -> None:
    client.post(STORES, json=_vault(primary=True))

    created = client.post(DEFS, json=definition(driver_inputs={"secrets": {"a": {"b": "plain"}}})).json()
    again = client.put(f"{DEFS}/store-one", json={"name": "n", "driver_inputs": created["driver_inputs"]})

    ref = {"store": "eu-vault", "ref": "orgs--acme--resources--defs--store-one--driver_secrets--a--b"}
    assert created["driver_inputs"] == {"secret_refs": {"a": {"b": {**ref, "version": "1"}}}}
    assert again.json()["driver_inputs"] == created["driver_inputs"]


def test_a_change_of_the_primary_store_does_not_move_written_secrets(
    client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition(driver_inputs={"secrets": {"a": "1", "b": "2"}}))
    client.post(STORES, json=_vault(primary=True))

    patched = client.patch(f"{DEFS}/store-one", json={"driver_inputs": {"secrets": {"b": "3"}}}).json()

    path = "resources/defs/store-one/driver_secrets"
    assert patched["driver_inputs"]["secret_refs"] == {
        "a": {"store": "humanitec", "ref": f"orgs/acme/{path}/a/.value", "version": "1"},
        "b": {
            "store": "eu-vault",
            "ref": f"orgs--acme--{path.replace('/', '--')}--b",
            "version": "2",
        },
    }


@pytest.mark.parametrize("auth", [None, {}, {"token": ""}])
def test_a_primary_store_without_credentials_accepts_references_but_no_plain_secrets(
    client: httpx.Client, definition: Make, auth: Any
) -> None:
    client.post(STORES, json=_vault(primary=True, vault={"url": "dummy", "auth": auth}))
    written: tuple[dict[str, Any], ...] = (
        {"secrets": {"a": "plain"}},
        {"secret_refs": {"a": {"value": "plain"}}},
    )
    referred: tuple[dict[str, Any], ...] = (
        {"secrets": {"a": "${resources['agent#agent'].outputs.url}"}},
        {"secret_refs": {"a": {"store": "made-up", "ref": "path"}}},
    )

    for inputs in written:
        answer = client.post(DEFS, json=definition(driver_inputs=inputs))
        assert (answer.status_code, "plain" in answer.text) == (400, False)
    for number, inputs in enumerate(referred):
        assert client.post(DEFS, json=definition(f"def-{number}", driver_inputs=inputs)).status_code == 200


def test_a_patch_keeps_credentials_that_it_does_not_send(client: httpx.Client, definition: Make) -> None:
    client.post(STORES, json=_vault(primary=True))

    client.patch(f"{STORES}/eu-vault", json={"vault": {"url": "new"}})
    kept = client.post(DEFS, json=definition("one", driver_inputs={"secrets": {"a": "plain"}}))
    client.patch(f"{STORES}/eu-vault", json={"vault": {"url": "new", "auth": {}}})
    cleared = client.post(DEFS, json=definition("two", driver_inputs={"secrets": {"a": "plain"}}))

    assert (kept.status_code, cleared.status_code) == (200, 400)


def test_a_store_that_a_live_definition_names_is_kept(client: httpx.Client, definition: Make) -> None:
    client.post(STORES, json=_vault())
    references = {"deep": [{"a": {"store": "eu-vault", "ref": "path"}}]}
    client.post(DEFS, json=definition(driver_inputs={"secret_refs": references}))

    refused = client.delete(f"{STORES}/eu-vault")

    assert refused.status_code == 409
    assert refused.json()["details"] == {"used_by": ["store-one"]}
    client.delete(f"{DEFS}/store-one")
    assert client.delete(f"{STORES}/eu-vault").status_code == 204


def test_a_store_in_use_may_be_deleted_if_configured(definition: Make) -> None:
    with Emulator(choices=Choices(in_use=InUse.ACCEPT)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        client.post(STORES, json=_vault(primary=True))
        body = definition(driver_inputs={"secrets": {"a": "plain"}})
        before = client.post(DEFS, json=body).json()["driver_inputs"]

        assert client.delete(f"{STORES}/eu-vault").status_code == 204
        assert client.get(f"{DEFS}/store-one").json()["driver_inputs"] == before


def test_stores_are_seeded_before_the_definitions_that_use_them(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    emulator.seed(
        {
            "organization": "acme",
            "definitions": [definition(driver_inputs={"secrets": {"a": "plain"}})],
            "secret_stores": [_vault(primary=True)],
        }
    )

    references = client.get(f"{DEFS}/store-one").json()["driver_inputs"]["secret_refs"]
    assert references["a"]["store"] == "eu-vault"
