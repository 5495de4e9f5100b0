"""Whole commands on real folders, against the embedded orchestrator or an emulator on a port."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.model.reading_rule import READING_RULES
from reconciler.plan.guards import GUARDS
from reconciler.plan.problem import PROBLEMS
from reconciler.rules.registry import RULES
from reconciler.rules.switch import UNKNOWN_RULE
from tests.cli.running import LITERAL_SECRET, add, call, command_line, on_a_terminal


def test_a_newcomer_plans_and_applies_without_an_account(tree: Path) -> None:
    code, shown, said = call(tree, "plan", "--detailed-exit-code")
    assert code == ExitCode.CHANGES
    assert "+ Definition/orders-db" in shown
    assert "using the embedded orchestrator" in said
    code, shown, _ = call(tree, "apply", "--yes")
    assert code == ExitCode.DONE
    assert shown.index("+ Definition/orders-db") < shown.index("done create Definition/orders-db")
    code, shown, _ = call(tree, "plan", "--detailed-exit-code")
    assert code == ExitCode.DONE
    assert "No changes." in shown


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_read_only_commands_leave_the_folder_as_it_was(
    connected: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    before = contents(connected)
    assert call(connected, command)[0] == ExitCode.DONE
    assert contents(connected) == before
    assert call(connected, "apply", "--yes")[0] == ExitCode.DONE
    (connected / ".reconciler" / "inventory" / ".gitignore").unlink()
    before = contents(connected)
    assert call(connected, command)[0] == ExitCode.DONE
    assert contents(connected) == before


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_read_only_commands_without_settings_leave_the_folder_as_it_was(tree: Path, command: str) -> None:
    before = contents(tree)
    assert call(tree, command)[0] == ExitCode.DONE
    assert contents(tree) == before
    assert call(tree, "apply", "--yes")[0] == ExitCode.DONE
    (tree / ".reconciler" / ".gitignore").unlink()
    before = contents(tree)
    assert call(tree, command)[0] == ExitCode.DONE
    after = contents(tree)
    database = ".reconciler/emulator.db"  # its header counts how often it was opened
    assert after.keys() == before.keys()
    assert {**after, database: b""} == {**before, database: b""}


def test_a_saved_plan_with_a_literal_secret_is_applied_although_there_was_no_digest_key_before(
    tree: Path,
) -> None:
    (tree / "cache.yaml").write_text(LITERAL_SECRET)
    saved = tree.parent / f"{tree.name}-plan.json"
    assert call(tree, "plan", "--out", str(saved))[0] == ExitCode.DONE
    code, shown, _ = call(tree, "apply", "--yes", "--plan", str(saved))
    assert code == ExitCode.DONE, shown
    (tree / "cache.yaml").write_text(LITERAL_SECRET.replace("My cache", "Our cache"))
    assert call(tree, "plan", "--out", str(saved))[0] == ExitCode.DONE
    code, shown, _ = call(tree, "apply", "--yes", "--plan", str(saved))
    assert code == ExitCode.DONE, shown
    assert "canary-of-a-secret" not in saved.read_text()


def test_a_lost_digest_key_is_reported_and_changes_nothing(tree: Path) -> None:
    (tree / "cache.yaml").write_text(LITERAL_SECRET)
    assert call(tree, "apply", "--yes")[0] == ExitCode.DONE
    (tree / ".reconciler" / "inventory" / "digest.key").unlink()
    _, shown, _ = call(tree, "plan")
    assert "1 secret value: the key of the record's digests is not available" in shown
    shown = call(tree, "apply", "--yes")[1]
    assert "made with another key" in shown
    assert "update" not in shown
    assert "secret value" not in call(tree, "plan")[1]


def test_a_saved_plan_is_applied_once_and_stale_afterwards(tree: Path) -> None:
    saved = tree.parent / f"{tree.name}-plan.json"
    call(tree, "plan", "--out", str(saved))
    assert saved.stat().st_mode & 0o777 == 0o600
    assert call(tree, "apply", "--yes", "--plan", str(saved))[0] == ExitCode.DONE
    code, shown, _ = call(tree, "apply", "--yes", "--plan", str(saved))
    assert code == ExitCode.STALE
    assert "changed since the plan was made" in shown
    assert "Nothing was changed." in shown


def test_a_file_that_is_not_a_plan_is_wrong_usage(tree: Path) -> None:
    (tree / "x.json").write_text("{}")
    code, _, said = call(tree, "apply", "--yes", "--plan", str(tree / "x.json"))
    assert code == ExitCode.USAGE
    assert "is not a saved plan" in said


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--yes"]], ids=" ".join)
def test_stdout_contains_json_alone(tree: Path, command: list[str]) -> None:
    _, shown, _ = call(tree, *command, "-o", "json")
    document = json.loads(shown)
    assert document["version"] == 1
    assert document["purpose"] == command[0]


def test_invalid_input_exits_3_with_its_place_and_writes_nothing(tree: Path) -> None:
    (tree / "broken.yaml").write_text("apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: [\n")
    code, shown, _ = call(tree, "apply", "--yes")
    assert code == ExitCode.INVALID
    assert "broken.yaml:" in shown
    assert "Nothing was changed." in shown
    assert shown.rstrip().split("\n")[-1].startswith("Running again is safe")


def test_deletes_beyond_the_limit_exit_4_until_approved_with_the_number(tree: Path) -> None:
    names = [f"db-{index}" for index in range(8)]
    add(tree, *names)
    assert call(tree, "apply", "--yes")[0] == ExitCode.DONE
    for name in names:
        (tree / f"{name}.yaml").unlink()
    code, shown, _ = call(tree, "plan")
    assert code == ExitCode.REFUSED
    approval = re.search(r"--accept (deletes=8:[0-9a-f]+)", shown)
    assert approval is not None
    other = approval[1].replace("=8:", "=7:")
    code, shown, _ = call(tree, "apply", "--yes", "--accept", other)
    assert code == ExitCode.REFUSED
    assert f"--accept {other} approved nothing; found: {approval[1]}" in " ".join(shown.split())
    code, shown, _ = call(tree, "apply", "--yes", "--accept", approval[1])
    assert code == ExitCode.DONE
    assert shown.count("done delete") == 8


def test_missing_tokens_are_all_named_at_once_and_validate_needs_none(
    connected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_TOKEN", raising=False)
    settings = connected / "reconciler.yaml"
    settings.write_text(
        settings.read_text() + "    runners: {url: 'http://127.0.0.1:9', token: {file: none.txt}}\n"
    )
    code, shown, _ = call(connected, "plan")
    assert code == ExitCode.INVALID
    assert "TEST_TOKEN" in shown
    assert "none.txt" in shown
    assert call(connected, "validate")[0] == ExitCode.DONE


def test_a_missing_token_stops_its_target_and_no_other(
    connected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    add(connected, "orders")
    settings = connected / "reconciler.yaml"
    settings.write_text(
        settings.read_text()
        + "    paths: ['*.yaml']\n  beta:\n    organization: beta\n    paths: [beta/**]\n"
        "    orchestrator: {url: 'http://127.0.0.1:9', token: {env: TOKEN_OF_BETA}}\n"
    )
    code, shown, _ = call(connected, "apply", "--yes")
    shown = " ".join(shown.split())
    assert code == ExitCode.INVALID
    assert "1 target of 2 stopped (beta)" in shown
    assert "environment variable TOKEN_OF_BETA (targets.beta.orchestrator.token) is not set" in shown
    assert "done create Definition/orders in acme" in shown


def test_a_token_never_reaches_the_output(connected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "canary-token-value")
    outputs = [
        call(connected, *command)
        for command in (["plan"], ["plan", "-o", "json"], ["--debug", "apply", "--yes"])
    ]
    assert [code for code, _, _ in outputs] == [0, 0, 0]
    assert "canary-token-value" not in "".join(shown + said for _, shown, said in outputs)


def test_an_unreachable_orchestrator_exits_6(connected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    (connected / "reconciler.yaml").write_text(
        "version: 1\ntargets:\n  acme:\n    organization: acme\n    orchestrator: {url: 'http://127.0.0.1:9'}\n"
    )
    monkeypatch.setattr("time.sleep", lambda _: None)
    code, shown, _ = call(connected, "apply", "--yes")
    assert code == ExitCode.UNREADABLE
    assert "Nothing was changed." in shown


def test_a_refused_change_ends_partly_applied_and_says_what_is_left(
    connected: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    add(connected, "users-db")
    emulator.faults.add(FaultRule(FaultKind.ERROR_BEFORE_EFFECT, "POST", status=400))
    code, shown, _ = call(connected, "apply", "--yes", "--concurrency", "1")
    assert code == ExitCode.PARTIAL
    assert "1 done" in shown
    assert "1 failed" in shown
    assert shown.rstrip().split("\n")[-1].startswith("Running again is safe")


def test_an_unknown_target_is_wrong_usage_and_names_the_nearest(connected: Path) -> None:
    code, _, said = call(connected, "plan", "--target", "acne")
    assert code == ExitCode.USAGE
    assert "did you mean acme?" in said


def test_only_limits_the_plan_and_says_so(tree: Path) -> None:
    add(tree, "users-db")
    _, shown, _ = call(tree, "plan", "--only", "definition/users-*")
    assert "Definition/users-db" in shown
    assert "+ Definition/orders-db" not in shown
    assert "the run is limited to objects Definition/users-*" in shown


def test_settings_with_problems_name_their_places(tree: Path) -> None:
    (tree / "reconciler.yaml").write_text("version: 1\ntargts: {}\n")
    code, shown, _ = call(tree, "plan")
    assert code == ExitCode.INVALID
    assert "reconciler.yaml:2" in shown


def test_init_writes_valid_settings_and_never_overwrites_a_file(tmp_path: Path) -> None:
    assert call(tmp_path, "init", "--organization", "acme")[0] == ExitCode.DONE
    before = (tmp_path / "reconciler.yaml").read_text()
    assert "organization: acme" in before
    assert call(tmp_path, "validate")[0] == ExitCode.DONE
    code, _, said = call(tmp_path, "init", "--organization", "other")
    assert code == ExitCode.USAGE
    assert "was not changed" in said
    assert (tmp_path / "reconciler.yaml").read_text() == before


def test_schema_writes_a_file_for_each_kind(tmp_path: Path) -> None:
    assert call(tmp_path, "schema", "--write", "schemas")[0] == ExitCode.DONE
    assert "definition.json" in {path.name for path in (tmp_path / "schemas").iterdir()}
    assert json.loads(call(tmp_path, "schema", "agent")[1])["title"] == "Agent"


@pytest.mark.parametrize("name", ["r68", UNKNOWN_RULE, *RULES, *READING_RULES, *PROBLEMS, *GUARDS])
def test_explain_has_a_page_for_everything_that_a_result_may_name(tmp_path: Path, name: str) -> None:
    code, shown, _ = call(tmp_path, "explain", name)
    assert code == ExitCode.DONE
    assert shown.lower().startswith(name.lower())
    assert max(map(len, shown.split("\n"))) <= 80


def test_a_switched_rule_that_does_not_exist_points_to_the_list_of_all(tree: Path) -> None:
    (tree / "reconciler.yaml").write_text(
        "version: 1\ntargets: {acme: {organization: acme}}\n"
        "rules: {XYZ123: {severity: warning, reason: none}}\n"
    )
    _, shown, _ = call(tree, "validate")
    assert UNKNOWN_RULE in shown
    assert "`reconciler rules` lists all rules" in " ".join(shown.split())
    assert all(name in call(tree, "explain")[1] for name in (UNKNOWN_RULE, *RULES))


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_preview_shows_what_a_branch_itself_changes(tree: Path) -> None:
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "one")
    add(tree, "users-db")
    code, shown, _ = call(tree, "plan", "--against", "main", "-o", "markdown")
    assert code == ExitCode.DONE
    assert "create Definition/users-db" in shown
    assert "create Definition/orders-db" not in shown
    assert "1 difference without this change" in shown


def test_a_revision_of_the_repository_is_read_instead_of_the_folder(tree: Path) -> None:
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "one")
    add(tree, "users-db")
    _, shown, _ = call(tree, "plan", "--rev", "main")
    assert "+ Definition/orders-db" in shown
    assert "users-db" not in shown


def test_sigterm_finishes_the_action_under_way_and_prints_the_result(
    connected: Path, emulator: Emulator
) -> None:
    add(connected, *(f"db-{index}" for index in range(5)))
    emulator.faults.add(FaultRule(FaultKind.DELAY, "POST", count=None, seconds=0.4))
    process = subprocess.Popen(
        command_line(connected, "apply", "--yes", "--concurrency", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TEST_TOKEN": "x"},
    )
    assert process.stdout is not None
    first = next(line for line in process.stdout if line.startswith("done"))
    process.send_signal(signal.SIGTERM)
    rest, said = process.communicate(timeout=30)
    assert first.startswith("done create")
    assert process.returncode == ExitCode.PARTIAL
    assert "stopping" in said
    assert "skipped create" in rest
    assert rest.endswith("Running again is safe and useful: it does only what is left.\n")


def test_a_second_ctrl_c_ends_at_once_and_says_what_was_under_way(
    connected: Path, emulator: Emulator
) -> None:
    """Even while a request waits for its answer, which no thread can be made to abandon."""
    emulator.faults.add(FaultRule(FaultKind.DELAY, "POST", count=None, seconds=8))
    process = subprocess.Popen(
        command_line(connected, "apply", "--yes"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TEST_TOKEN": "x"},
    )
    while not any(entry.verb == "POST" for entry in emulator.log.entries()):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "stopping" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=4)
    assert process.returncode == ExitCode.PARTIAL
    assert "with unknown effect:\n  create Definition/orders-db" in said


def test_a_person_is_shown_the_plan_and_asked(tree: Path) -> None:
    code, screen = on_a_terminal(command_line(tree, "apply"), lambda _, terminal: os.write(terminal, b"y\n"))
    assert code == ExitCode.DONE
    assert screen.index("+ Definition/orders-db") < screen.index("[y/N]") < screen.index("done create")


def test_an_answer_of_no_changes_nothing(tree: Path) -> None:
    code, screen = on_a_terminal(command_line(tree, "apply"), lambda _, terminal: os.write(terminal, b"n\n"))
    assert code == ExitCode.REFUSED
    assert "Nothing was changed." in screen
    assert "Stopped by a signal" not in screen
    assert "done create" not in screen
    assert call(tree, "plan", "--detailed-exit-code")[0] == ExitCode.CHANGES


def test_ctrl_c_at_the_question_changes_nothing(tree: Path) -> None:
    code, screen = on_a_terminal(
        command_line(tree, "apply"), lambda process, _: process.send_signal(signal.SIGINT)
    )
    assert code == ExitCode.UNREADABLE
    assert "Nothing was changed" in screen
    assert "done create" not in screen


def test_with_yes_nobody_is_asked(tree: Path) -> None:
    code, screen = on_a_terminal(command_line(tree, "apply", "--yes"), lambda *_: None)
    assert code == ExitCode.DONE
    assert "[y/N]" not in screen


def test_a_closed_pipe_is_not_a_failure(tree: Path) -> None:
    add(tree, *(f"db-{index:03}" for index in range(400)))
    process = subprocess.Popen(
        command_line(tree, "plan", "--detailed-exit-code", "-o", "json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == ExitCode.CHANGES
    assert b"Traceback" not in said
    assert b"Broken" not in said


def test_watch_applies_and_ends_with_0_on_sigterm(connected: Path, emulator: Emulator) -> None:
    process = subprocess.Popen(
        command_line(connected, "watch", "--listen", "127.0.0.1:0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TEST_TOKEN": "x"},
    )
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(json.loads(line))
        if seen[-1]["message"] == "pass finished":
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == ExitCode.DONE
    assert seen[-1]["verdict"] == "applied"


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_sigterm_during_a_pass_of_watch_ends_with_0_after_the_action_under_way(
    connected: Path, emulator: Emulator, verb: str
) -> None:
    add(connected, *(f"db-{index}" for index in range(30)))
    settings = (connected / "reconciler.yaml").read_text()
    (connected / "reconciler.yaml").write_text(settings + "apply: {concurrency: 1}\n")
    emulator.faults.add(FaultRule(FaultKind.DELAY, verb, count=None, seconds=1))
    process = subprocess.Popen(
        command_line(connected, "watch", "--listen", "127.0.0.1:0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TEST_TOKEN": "x"},
    )
    assert process.stderr is not None
    sign = "action finished" if verb == "POST" else "serving health and metrics"
    for line in process.stderr:
        if json.loads(line)["message"] == sign:
            break
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == ExitCode.DONE
    lines = [json.loads(line) for line in rest.splitlines()]
    assert lines[-1]["message"] == "stopped"
    started = [line for line in lines if line["message"] == "action finished" and line["status"] == "done"]
    assert len(started) <= 2
    assert not [line for line in lines if line["message"] == "pass failed"]


@pytest.mark.parametrize("name", ["reconciler.yml", ".reconciler.yaml"])
def test_misnamed_settings_do_not_start_the_embedded_orchestrator(tree: Path, name: str) -> None:
    (tree / name).write_text("version: 1\n")
    code, shown, _ = call(tree, "apply", "--yes")
    assert code == ExitCode.INVALID
    assert "the settings file must be named reconciler.yaml" in " ".join(shown.split())


def test_a_folder_below_the_settings_does_not_start_the_embedded_orchestrator(connected: Path) -> None:
    (connected / "below").mkdir()
    code, shown, _ = call(connected / "below", "apply", "--yes")
    assert code == ExitCode.INVALID
    assert "there is no reconciler.yaml here" in " ".join(shown.split())


def test_a_record_that_git_tracks_is_refused(connected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "a-token-for-tests")
    folder = connected / ".reconciler" / "inventory"
    folder.mkdir(parents=True)
    (folder / "planted.json").write_text("{}")
    for command in (["init", "-q"], ["add", "-f", ".reconciler"]):
        subprocess.run(["git", "-C", str(connected), *command], check=True)
    code, shown, _ = call(connected, "plan")
    assert code == ExitCode.UNREADABLE
    assert "tracked by Git" in " ".join(shown.split())


def test_settings_that_are_a_pipe_are_refused_without_waiting(tree: Path) -> None:
    os.mkfifo(tree / "reconciler.yaml")
    code, shown, _ = call(tree, "validate")
    assert code == ExitCode.INVALID
    assert "is not a regular file" in " ".join(shown.split())


def test_a_plan_that_is_a_pipe_is_refused_and_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "plan")
    code, _, said = call(tree, "apply", "--plan", str(tree / "plan"), "--yes")
    assert code == ExitCode.USAGE
    assert "is not a regular file" in " ".join(said.split())


@pytest.mark.parametrize("spoiler", ["\n", " ", "\x1b", "é"])
def test_a_token_that_is_not_valid_in_a_header_is_refused_by_name(
    connected: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, spoiler: str
) -> None:
    monkeypatch.setenv("TEST_TOKEN", f"tkn-4f1c9a{spoiler}7be2")
    code, shown, said = call(connected, "plan")
    assert code == ExitCode.INVALID
    assert "environment variable TEST_TOKEN (targets.acme.orchestrator.token) contains a space" in " ".join(
        shown.split()
    )
    assert "tkn-4f1c9a" not in shown + said
    assert emulator.log.entries() == []
