"""Real definitions from other projects, one by one: load, plan, apply, plan again, read back."""

import re
from pathlib import Path

import httpx
import pytest

from reconciler.passes.result import Verdict
from tests.scenarios.world import URL, World, actions, agent_public_key, statuses

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "definitions"
FILES = sorted(CORPUS.rglob("*.yaml"))

pytestmark = pytest.mark.skipif(
    not FILES, reason="the corpus of real definitions is not next to the checkout"
)


NAMED_AGENTS = ("my-agent",)
"""Agents that files of the corpus name without declaring them; they count as registered by hand (rule R03)."""


ACCOUNT_TYPES = {
    "aws": "aws",
    "aws-credentials": "aws",
    "aws-temp-creds": "aws-role",
    "my-aws-cloud-account": "aws-role",
    "azure-static-creds": "azure",
    "azure-temporary-creds": "azure-identity",
    "gcp-temporary-creds": "gcp-identity",
}
"""Cloud accounts that files of the corpus name, with the types given in their comments."""


def without_catch_alls(world: World) -> None:
    """Built-in definitions hold catch-all criteria; those who use their own empty these first (v1 4.4)."""
    with httpx.Client(
        transport=world.emulator.transport(),
        base_url=f"{URL}/orgs/acme",
        headers={"Authorization": "Bearer t"},
    ) as client:
        for definition in client.get("/resources/defs").json():
            if definition["is_default"]:
                assert client.put(f"/resources/defs/{definition['id']}/criteria", json=[]).status_code == 200


def with_an_agent(world: World) -> None:
    """The agent definition that a file refers to, made by hand: without one the reference is refused (rule R51)."""
    with httpx.Client(
        transport=world.emulator.transport(),
        base_url=f"{URL}/orgs/acme",
        headers={"Authorization": "Bearer t"},
    ) as client:
        body = {
            "id": "by-hand",
            "name": "by-hand",
            "type": "agent",
            "driver_type": "humanitec/agent",
            "driver_inputs": {"values": {"id": NAMED_AGENTS[0]}},
            "criteria": [{}],
        }
        assert client.post("/resources/defs", json=body).is_success


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(CORPUS)))
def test_a_real_definition_survives_loading_applying_and_reading_back(file: Path, tmp_path: Path) -> None:
    world = World.make(tmp_path)
    without_catch_alls(world)
    pem = agent_public_key()
    text = file.read_text(encoding="utf-8")
    world.emulator.seed(
        {
            "organization": "acme",
            "agents": [{"id": name, "public_key": pem} for name in NAMED_AGENTS],
            "secret_stores": [
                {"id": name.lower(), "primary": False, "gcpsm": {"project_id": "platform"}}
                for name in sorted(set(re.findall(r"^ *store: *(\S+)", text, re.MULTILINE)))
            ],
            "accounts": [
                {"id": name, "name": name, "type": ACCOUNT_TYPES[name], "credentials": {"a": "b"}}
                for name in re.findall(r"^ *driver_account: *([a-z-]+)$", text, re.MULTILINE)
            ],
        }
    )
    if re.search(r"resources(?:\.|\[['\"])agent\b", text):
        with_an_agent(world)
    world.write("definition.yaml", text.replace("store: FIXME", "store: fixme"))
    planned = world.plan()
    assert not planned.errors, planned.errors
    (created,) = actions(planned)
    assert created.startswith("create Definition/")
    result = world.apply()
    assert result.verdict is Verdict.APPLIED, result.outcomes
    assert [outcome.message for outcome in result.outcomes] == [""], "what reads back is what was sent"
    assert [str(status) for status in statuses(result)] == ["done"]
    assert actions(world.plan()) == []
