"""Long, deep or odd input of clients: limited, shortened in the log, and shown as it was received."""

import base64
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from reconciler.emulator.request_log import LONGEST_TEXT
from reconciler.emulator.web.application import LONGEST_TARGET
from reconciler.emulator.web.server import running, serve

RUNNERS = "/orgs/acme/runners"
PUSH = "/internal/orgs/acme/remote-runners/one/actions/push-message"
MESSAGE = {
    "action": "create-job",
    "job_id": "6c5f7b1e-0000-4000-8000-000000000001",
    "namespace": "jobs",
    "configuration": {},
    "deployment_token": "t",
}


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("/orgs/acme/agents/{}/keys", "API-414"),
        ("/orgs/acme/agents?fingerprint={}", "API-414"),
        ("/orgs/acme/runners/{}", "HTTP-414"),
        ("/nowhere/{}", "HTTP-414"),
        ("/_emulator/log?after={}", "HTTP-414"),
    ],
)
def test_paths_and_queries_are_limited_at_both_doors(door: httpx.Client, target: str, error: str) -> None:
    answer = door.get(target.format("1" * LONGEST_TARGET))

    assert (answer.status_code, answer.json()["error"]) == (414, error)
    assert door.get(target.format("1" * (LONGEST_TARGET - len(target)))).status_code != 414


def test_the_log_keeps_the_beginning_of_long_values(client: httpx.Client) -> None:
    """The number of entries is limited, so each entry must be limited, too."""
    name = "a" * 3_000
    client.get(f"/orgs/acme/agents/{name}/keys?x={name}")
    client.request("B" * 3_000, f"/nowhere/{name}")
    client.get(f"/nowhere/{'a' * LONGEST_TARGET}")

    entries = client.get("/_emulator/log").json()
    assert [entry["status"] for entry in entries] == [404, 404, 414]
    assert max(len(entry[part]) for entry in entries for part in ("verb", "path", "query", "object")) == (
        LONGEST_TEXT
    )
    assert entries[0]["path"].startswith("/orgs/acme/agents/aaa")
    assert entries[0]["path"].endswith("a…")


def test_the_control_plane_shows_lone_surrogates_as_they_were_sent(
    client: httpx.Client, runner: Callable[..., Any]
) -> None:
    """JSON can contain a lone surrogate, but UTF-8 cannot."""
    half = "\ud800"
    client.post("/_emulator/faults", content=json.dumps({"kind": "delay", "path": half}))
    body = runner(
        "one",
        runner_configuration={
            "type": "kubernetes",
            "job": {"namespace": "jobs", "service_account": "job"},
            "cluster": {
                "cluster_data": {"certificate_authority_data": "c", "server": "s"},
                "auth": {"service_account_token": half},
            },
        },
    )
    assert client.post(RUNNERS, content=json.dumps(body)).status_code == 201

    assert client.get("/_emulator/faults").json()[0]["path"] == half
    held = client.get("/_emulator/credentials/acme/one").json()
    assert held["auth"] == {"service_account_token": half}


@pytest.mark.parametrize(
    "decoded",
    [b"[" * 4_000, b"\xff", b"[1]", b"{}", b"[null]"],
    ids=["too deep", "no text", "a number", "an object", "null"],
)
def test_a_page_token_that_was_never_issued_is_500_on_purpose(client: httpx.Client, decoded: bytes) -> None:
    """An accident would be an exception at this door."""
    token = base64.urlsafe_b64encode(decoded).decode()

    answer = client.get(RUNNERS, params={"page": token})

    assert answer.status_code == 500
    assert answer.json() == {"error": "HTTP-500", "message": "Unexpected error"}


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(?:a|a)*$",
        "(a?){30}a{30}",
        "((a*))*b",
        "(?P<x>/[^/]+){2,}",
        "(a*)+?",
        "([()]+)*",
        r"(\)+){9}",
        "(?:(?:ab)*c)*",
        "[]()]*(b+){2,9}",
        "([^]]*)*",
    ],
)
@pytest.mark.parametrize("member", ["path", "verb"])
def test_a_rule_that_could_match_forever_is_refused(
    client: httpx.Client, emulator: Emulator, member: str, pattern: str
) -> None:
    answer = client.post("/_emulator/faults", json={"kind": "delay", member: pattern})

    assert answer.status_code == 400
    assert "cannot repeat a group" in answer.json()["message"]
    assert emulator.faults.report() == []


@pytest.mark.parametrize(
    "pattern",
    [
        "/agents$",
        "/orgs/[^/]+/(agents|keys)$",
        "(?:[0-9a-f]{4}-){3}",
        "/orgs/.*/runners(/.+)?$",
        r"/a\(b+\)+$",
        "/[(+*|]+$",
        "(?i:/AGENTS)+",
        "(ab)*",
        "[]()*]+",
        "(?:[^]+*]x)*",
        "",
    ],
)
def test_rules_without_repeated_alternatives_are_accepted(client: httpx.Client, pattern: str) -> None:
    assert client.post("/_emulator/faults", json={"kind": "delay", "path": pattern}).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}],
    ids=str,
)
def test_web_pages_of_another_origin_cannot_queue_jobs_for_agents(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    """The internal path requires no identity, and its jobs run in the agent's cluster."""
    refused = client.post(PUSH, json=MESSAGE, headers=headers)
    program = client.post(PUSH, json=MESSAGE)

    assert (refused.status_code, refused.json()["error"]) == (403, "HTTP-403")
    # No agent waits, but a program is accepted.
    assert program.status_code == 503


def test_a_taken_port_leaves_no_state_file(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(port=taken.getsockname()[1], state_file=tmp_path / "state.db", organizations=["acme"])

    assert list(tmp_path.iterdir()) == []


def test_the_announced_url_names_an_address_even_if_none_was_requested(emulator: Emulator) -> None:
    with running(emulator, host="") as url:
        assert url.startswith("http://0.0.0.0:")
        assert httpx.get(f"{url}/alive", trust_env=False).text == "alive"
