"""Nothing is applied without consent, and what is applied is shown first."""

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest

from reconciler.emulator import Emulator
from reconciler.errors import ExitCode
from tests.cli.running import ENVIRONMENT, LITERAL_SECRET, add, call, command_line, on_a_terminal, watching
from tests.scenarios.world import agent_public_key, key_yaml


def ended(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command_line(folder, *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("more", [[], ["-o", "json"], ["--plan", "plan.json"], ["--only", "Definition/a b"]])
def test_without_a_terminal_and_without_yes_nothing_is_read_or_applied(
    connected: Path, emulator: Emulator, more: list[str]
) -> None:
    done = ended(connected, "apply", *more)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    line = f"to apply without asking: reconciler -C {connected} apply"
    assert line in done.stderr
    assert done.stderr.split("without asking: ")[1].startswith("reconciler ")
    assert " --yes\nNothing was changed.\n" in done.stderr
    assert emulator.log.entries() == []


def test_the_suggested_command_line_works_in_a_shell_as_printed(connected: Path) -> None:
    refused = ended(connected, "apply", "--only", "Definition/orders*")
    line = refused.stderr.split("without asking: ")[1].splitlines()[0]
    words = line.replace("reconciler", " ".join(command_line(connected)[:3]), 1)
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == ExitCode.DONE, done.stderr


def test_a_command_line_that_contains_a_secret_is_not_repeated(connected: Path) -> None:
    done = ended(connected, "apply", "--source", "https://robot:canary-of-a-secret@git.invalid/x.git")
    assert done.returncode == ExitCode.USAGE
    assert "add --yes" in done.stderr
    assert "canary" not in done.stderr


def test_without_a_terminal_for_input_nobody_is_asked(tree: Path) -> None:
    line = " ".join(command_line(tree, "apply"))
    code, screen = on_a_terminal(["sh", "-c", f"{line} < /dev/null"], lambda *_: None)
    assert code == ExitCode.USAGE
    assert "no terminal to ask for approval" in screen


def test_yes_shows_old_and_new_values_before_anything_is_done(connected: Path) -> None:
    assert ended(connected, "apply", "--yes").returncode == ExitCode.DONE
    file = connected / "orders-db.yaml"
    file.write_text(file.read_text().replace("My database", "Our database"))
    done = ended(connected, "apply", "--yes")
    shown = done.stdout
    assert 'name  "My database" → "Our database"' in shown
    assert shown.index("→") < shown.index("done update Definition/orders-db")
    assert "Nothing was changed" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_json_on_stdout_leaves_the_plan_on_stderr_and_a_saved_plan_is_shown_too(connected: Path) -> None:
    saved = connected.parent / f"{connected.name}.json"
    (connected / "cache.yaml").write_text(LITERAL_SECRET)
    planned = ended(connected, "plan", "--out", str(saved))
    assert f"apply --plan {saved} --yes" in " ".join(planned.stderr.split())
    done = ended(connected, "apply", "--plan", str(saved), "--yes", "-o", "json")
    assert json.loads(done.stdout)["verdict"] == "applied"
    assert "+ Definition/cache" in done.stderr
    assert "1 secret" in done.stderr
    assert "canary" not in done.stdout + done.stderr


UNNAMED_AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec: {description: nothing names it}
"""


@pytest.mark.parametrize("is_approved", [True, False])
def test_findings_and_what_was_not_examined_are_printed_once(tree: Path, *, is_approved: bool) -> None:
    """They stand with the plan, which is what is approved."""
    (tree / "cache.yaml").write_text(LITERAL_SECRET)
    (tree / "agent.yaml").write_text(UNNAMED_AGENT)
    (tree / "key.yaml").write_text(key_yaml("k", "eu-1", agent_public_key()))
    answer = b"y\n" if is_approved else b"n\n"
    _, screen = on_a_terminal(command_line(tree, "apply"), lambda _, terminal: os.write(terminal, answer))
    shown, _, rest = screen.partition("[y/N]")
    for words in ("warning R47", "could not be evaluated", "Switched off:", "rule R78 at"):
        assert (shown.count(words), rest.count(words)) == (1, 0), words
    assert ("Agent/eu-1" in rest) is is_approved


def test_nothing_to_do_is_not_announced(connected: Path) -> None:
    ended(connected, "apply", "--yes")
    assert ended(connected, "apply", "--yes").stdout.count("acme · ") == 1


def test_a_plan_that_is_refused_is_not_asked_about(tree: Path) -> None:
    add(tree, *(f"db-{index}" for index in range(8)))
    call(tree, "apply", "--yes")
    for index in range(8):
        (tree / f"db-{index}.yaml").unlink()
    code, screen = on_a_terminal(command_line(tree, "apply"), lambda *_: None)
    assert code == ExitCode.REFUSED
    assert "[y/N]" not in screen


def watched(folder: Path) -> list[dict[str, object]]:
    """Records of `watch` up to the end of its first pass."""
    seen = []
    with watching(folder) as records:
        for record in records:
            seen.append(record)
            if record["message"] == "pass finished":
                break
    return seen


def written(records: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [
        tuple(record[name] for name in ("action", "id", "field", "old", "new", "drift"))
        for record in records
        if record["message"] == "field to be written"
    ]


def test_watch_logs_every_field_before_it_is_written_and_marks_drift(
    connected: Path, emulator: Emulator
) -> None:
    (connected / "cache.yaml").write_text(LITERAL_SECRET)
    records = watched(connected)
    fields = written(records)
    assert ("create", "orders-db", "name", None, '"My database"', False) in fields
    assert ("create", "cache", "criteria", None, "app_id=shop", False) in fields
    assert ("create", "cache", "secrets.password", None, None, False) in fields
    (hidden,) = [record for record in records if record.get("field") == "secrets.password"]
    assert (hidden["hidden"], hidden["note"]) == (True, "set")
    kinds = [record["message"] for record in records]
    assert kinds.index("field to be written") < kinds.index("action finished")
    assert "canary" not in json.dumps(records)
    with httpx.Client(transport=emulator.transport(), headers={"Authorization": "Bearer t"}) as client:
        place = "http://emulator/orgs/acme/resources/defs"
        client.patch(f"{place}/orders-db", json={"name": "By hand"}).raise_for_status()
        client.delete(f"{place}/cache").raise_for_status()
    fields = written(watched(connected))
    assert ("update", "orders-db", "name", '"By hand"', '"My database"', True) in fields
    assert {drift for _, name, _, _, _, drift in fields if name == "cache"} == {True}


def test_watch_logs_which_approval_of_the_repository_it_uses_and_which_has_expired(
    connected: Path, emulator: Emulator
) -> None:
    with httpx.Client(transport=emulator.transport(), headers={"Authorization": "Bearer t"}) as client:
        theirs = {"id": "orders-db", "name": "By hand", "type": "postgres", "driver_type": "humanitec/echo"}
        client.post("http://emulator/orgs/acme/resources/defs", json=theirs).raise_for_status()
    entry = "  - {{what: {}, who: the team, until: {}, reason: taken over}}\n"
    (connected / "approvals.yaml").write_text(
        "version: 1\napprovals:\n"
        + entry.format("contested=Definition/orders-db", "2999-12-31")
        + entry.format("protected=Definition/orders-db", "2020-12-31")
    )
    records = watched(connected)
    (used,) = [record for record in records if record["message"] == "guard approved"]
    assert (used["guard"], used["objects"], used["level"]) == (
        "contested",
        ["Definition/orders-db"],
        "warning",
    )
    assert used["approval"] == (
        "approvals.yaml:3:5: contested=Definition/orders-db by the team until 2999-12-31: taken over"
    )
    (past,) = [record for record in records if record["message"] == "approval expired"]
    assert past["place"] == "approvals.yaml:4:66"
    assert ("update", "orders-db", "name", '"By hand"', '"My database"', False) in written(records)


def test_watch_names_drift_that_is_only_reported(connected: Path, emulator: Emulator) -> None:
    with (connected / "reconciler.yaml").open("a") as settings:
        settings.write("policy: {default: {drift: report}}\n")
    watched(connected)
    with httpx.Client(transport=emulator.transport(), headers={"Authorization": "Bearer t"}) as client:
        client.delete("http://emulator/orgs/acme/resources/defs/orders-db").raise_for_status()
    records = watched(connected)
    assert not written(records)
    (left,) = [record for record in records if record["message"] == "drift left as found"]
    assert left["id"] == "orders-db"


def test_what_changes_only_the_record_is_shown_and_not_asked_about(tree: Path) -> None:
    """Adopting an object writes only the ownership record."""
    call(tree, "apply", "--yes")
    for record in (tree / ".reconciler" / "inventory").rglob("*.json"):
        record.unlink()
    code, screen = on_a_terminal(command_line(tree, "apply"), lambda *_: None)
    assert code == ExitCode.DONE
    assert "[y/N]" not in screen
    assert screen.index("~ adopt Definition/orders-db") < screen.index("done adopt Definition/orders-db")
