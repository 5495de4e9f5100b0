"""The control plane and its Python twin: seed, log, clock, reset."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Effect, Emulator

AGENTS = "/orgs/acme/agents"
DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., Any]


def test_the_log_has_the_result_of_each_request(
    emulator: Emulator, client: httpx.Client, rsa_key: Make
) -> None:
    body = {"id": "eu-1", "public_key": rsa_key().pem}
    client.post(AGENTS, json=body)
    client.post(AGENTS, json=body)
    client.patch(f"{AGENTS}/eu-1", json={"description": "new"})
    client.patch(f"{AGENTS}/eu-1", json={"description": "new"})
    client.get(AGENTS, params={"fingerprint": "x"})
    client.delete(f"{AGENTS}/eu-1")

    entries = emulator.log.entries()

    assert [(entry.verb, entry.status, entry.effect) for entry in entries] == [
        ("POST", 200, Effect.CREATED),
        ("POST", 409, Effect.NONE),
        ("PATCH", 200, Effect.UPDATED),
        ("PATCH", 200, Effect.NONE),
        ("GET", 200, Effect.NONE),
        ("DELETE", 204, Effect.DELETED),
    ]
    assert {entry.object for entry in entries} == {"agents/acme/eu-1", "agents/acme"}
    assert entries[4].query == "fingerprint=x"
    assert entries[0].time == "2026-03-01T08:00:00.000000Z"


def test_the_log_is_read_from_an_entry_on_and_cleared_over_http(door: httpx.Client) -> None:
    for _ in range(3):
        door.get(AGENTS)

    later = door.get("/_emulator/log", params={"after": 2}).json()

    assert [(entry["number"], entry["verb"]) for entry in later] == [(3, "GET")]
    assert door.delete("/_emulator/log").status_code == 204
    assert door.get("/_emulator/log").json() == []


def test_requests_for_no_operation_are_in_the_log_and_control_requests_are_not(
    emulator: Emulator, door: httpx.Client
) -> None:
    door.get("/orgs/acme/agents/eu-1")
    door.post("/v1/orgs/acme/agents", params={"a": "b"}, json={})
    door.get("/_emulator/nothing")
    door.get("/_emulator/faults")

    assert [(entry.verb, entry.path, entry.query, entry.status) for entry in emulator.log.entries()] == [
        ("GET", "/orgs/acme/agents/eu-1", "", 405),
        ("POST", "/v1/orgs/acme/agents", "a=b", 404),
    ]
    assert {(entry.who, entry.object, entry.effect) for entry in emulator.log.entries()} == {
        ("anonymous", "", "none")
    }


def test_credentials_of_callers_never_enter_the_log() -> None:
    with (
        Emulator(organizations=["acme"], tokens={"s3cr3t-token": "ci"}) as emulator,
        httpx.Client(transport=emulator.transport(), base_url="http://emulator") as client,
    ):
        client.get(AGENTS, headers={"Authorization": "Bearer s3cr3t-token"})
        client.get(AGENTS, headers={"Authorization": "Bearer wr0ng-token"})
        client.get("/nowhere", headers={"Authorization": "Bearer s3cr3t-token"})
        logged = client.get("/_emulator/log").text

    assert [entry.who for entry in emulator.log.entries()] == ["ci", "anonymous", "anonymous"]
    assert "s3cr3t" not in logged
    assert "wr0ng" not in logged


def test_a_refused_body_is_in_the_log(emulator: Emulator, client: httpx.Client) -> None:
    client.post(AGENTS, content=b" " * (9 * 1024 * 1024))

    assert [(entry.verb, entry.status, entry.effect) for entry in emulator.log.entries()] == [
        ("POST", 413, "none")
    ]


def test_the_clock_moves_over_http(client: httpx.Client, rsa_key: Make) -> None:
    moved = client.put("/_emulator/clock", json={"offset_seconds": 3600}).json()

    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})

    assert moved == {"now": "2026-03-01T09:00:00+00:00", "offset_seconds": 3600}
    assert client.get(AGENTS).json()[0]["created_at"] == "2026-03-01T09:00:00.000Z"


def test_a_reset_forgets_everything_and_registers_organizations_again(
    client: httpx.Client, rsa_key: Make
) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})
    client.post("/_emulator/faults", json={"kind": "error_before_effect", "count": None})

    assert client.post("/_emulator/reset").status_code == 204

    assert client.get(AGENTS).json() == []
    assert client.get("/_emulator/faults").json() == []
    client.post("/_emulator/reset", json={"organizations": ["other"]})
    assert client.get(AGENTS).status_code == 404
    assert client.get("/orgs/other/agents").status_code == 200


def test_a_reset_that_is_refused_forgets_nothing(client: httpx.Client, rsa_key: Make) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})

    assert client.post("/_emulator/reset", json={"organizations": ["other", "NO"]}).status_code == 400

    assert len(client.get(AGENTS).json()) == 1
    assert client.get("/orgs/other/agents").status_code == 404
    assert len(client.get("/_emulator/log").json()) == 3


def test_organizations_named_by_a_reset_are_the_only_ones_from_then_on() -> None:
    with (
        Emulator() as emulator,
        httpx.Client(transport=emulator.transport(), base_url="http://emulator") as client,
    ):
        client.headers["Authorization"] = "Bearer practice"
        anyone = client.get("/orgs/anyone/agents").status_code
        emulator.reset(organizations=["acme"])
        named = client.get("/orgs/anyone/agents").status_code
        emulator.reset()
        again = client.get("/orgs/anyone/agents").status_code

    assert (anyone, named, again) == (200, 404, 200)


def test_faults_are_listed_with_their_counts_and_removed_by_number(client: httpx.Client) -> None:
    number = client.post("/_emulator/faults", json={"kind": "too_many_requests", "count": 3}).json()["number"]
    client.get(AGENTS)

    (rule,) = client.get("/_emulator/faults").json()

    assert (rule["number"], rule["matched"], rule["struck"]) == (number, 1, 1)
    assert client.delete(f"/_emulator/faults/{number}").status_code == 204
    assert client.delete(f"/_emulator/faults/{number}").status_code == 404
    assert client.get(AGENTS).status_code == 200


def test_a_seed_is_planted_completely_or_not_at_all(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    with pytest.raises(ApiError, match=r"definitions\[1\]"):
        emulator.seed({"organization": "acme", "definitions": [definition(), definition()]})

    assert client.get(f"{DEFS}/store-one").status_code == 404


def test_ten_thousand_definitions_are_planted_listed_and_still_unique(client: httpx.Client) -> None:
    counts = client.post(
        "/_emulator/seed", json={"organization": "acme", "generate": {"definitions": 10_000}}, timeout=60
    ).json()

    listed = client.get(DEFS).json()

    assert counts == {"definitions": 10_000}
    assert sum(not item["is_default"] for item in listed) == 10_000
    clash = {"id": "late", "name": "late", "type": "s3", "driver_type": "humanitec/echo"}
    assert client.post(DEFS, json={**clash, "criteria": [{"app_id": "generated-07000"}]}).status_code == 409


@pytest.mark.parametrize("seed", [{"nonsense": []}, {"definitions": ["x"]}, {"generate": {"agents": 1}}, []])
def test_invalid_seeds_are_refused(client: httpx.Client, seed: Any) -> None:
    assert client.post("/_emulator/seed", json=seed).status_code == 400


def test_a_first_deployment_is_done_over_http(emulator: Emulator, client: httpx.Client, runner: Make) -> None:
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "dev"}],
            "projects": [{"id": "shop"}],
            "runners": [runner()],
            "runner_rules": [{"runner_id": "runner-one"}],
            "environments": [
                {"id": "qa", "project": "shop", "env_type_id": "dev"},
                {"id": "live", "project": "shop", "env_type_id": "dev", "deployed": True},
            ],
        }
    )

    place = {"organization": "acme", "project": "shop", "env": "qa"}
    bound = client.post("/_emulator/deployments", json=place).json()

    assert bound["runner_id"] == "runner-one"
    assert client.get("/orgs/acme/projects/shop/envs/live").json()["runner_id"] == "runner-one"
    assert client.post("/_emulator/deployments", json={}).status_code == 400


def test_bodies_and_headers_are_limited_at_both_doors(door: httpx.Client) -> None:
    large = door.post(AGENTS, content=b" " * (9 * 1024 * 1024))
    wide = door.get(AGENTS, headers={"X-Wide": "x" * 40_000})

    assert (large.status_code, large.json()["error"]) == (413, "API-413")
    assert (wide.status_code, wide.json()["error"]) == (431, "API-431")
