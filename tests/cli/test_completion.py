"""Candidates for the shell: from the files, within bounds, and never an error."""

import os
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from reconciler.cli import completion
from reconciler.cli.completion import complete_objects, complete_targets
from reconciler.cli.program import COMMANDS, program
from reconciler.errors import ExitCode
from reconciler.model.kind import FACTS, Kind


def candidates(*words: str) -> list[str]:
    """What a shell offers after a line; the last word is the one that is being typed."""
    found = ShellComplete(program, {}, "reconciler", "_RECONCILER_COMPLETE")
    return [item.value for item in found.get_completions(list(words[:-1]), words[-1])]


def targets(folder: Path, settings: str) -> list[str]:
    (folder / "reconciler.yaml").write_text(settings)
    return candidates("-C", str(folder), "plan", "--target", "")


def objects(folder: Path, document: str) -> list[str]:
    (folder / "x.yaml").write_text(document)
    return candidates("-C", str(folder), "plan", "--only", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], list(COMMANDS)),
        (["pl"], ["plan"]),
        (["e"], ["emulator", "explain"]),
        (["zzz"], []),
        (["--co"], ["--config", "--color"]),
        (["--color", ""], ["auto", "always", "never"]),
        (["--log-level", "d"], ["debug"]),
        (["--log-format", ""], ["console", "json"]),
        (["plan", "--ou"], ["--output", "--out"]),
        (["plan", "-o", ""], ["text", "json", "markdown", "sarif", "junit", "github"]),
        (["validate", "-o", ""], ["text", "json", "sarif", "junit", "github"]),
        (["apply", "-o", ""], ["text", "json"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["rules", "--severity", ""], ["error", "warning", "off"]),
        (["rules", "--side", ""], ["file", "live", "cluster"]),
        (["rules", "r68"], ["R68"]),
        (["explain", "r68"], ["R68"]),
        (["explain", "last-k"], ["last-key"]),
        (["explain", "targ"], ["target/"]),
        (["schema", "ag"], ["agent"]),
        (["watch", "--allow"], ["--allow-uncommitted"]),
    ],
    ids=" ".join,
)
def test_a_line_is_completed(words: list[str], expected: list[str]) -> None:
    assert candidates(*words) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("targets:\n  acme: {}\n  beta: {}\n", ["acme", "beta"]),
        ("targets:\n  beta: {}\n  acme: {}\n", ["acme", "beta"]),
        ("targets:\n    deep:\n        organization: x\n", ["deep"]),
        ("targets:  # all\n  acme:\n    organization: x\n\n  # a note\n  beta: {}\n", ["acme", "beta"]),
        ("targets:\r\n  acme:\r\n    organization: x\r\n  beta: {}\r\n", ["acme", "beta"]),
        ("version: 1\ntargets:\n  acme: {}\nclusters:\n  eu: {}\n", ["acme"]),
        ("targets:\n  acme: {}\n# at the margin\n  beta: {}\nsafety: {}\n", ["acme", "beta"]),
        ("targets:\n  acme: {}", ["acme"]),
        ("targets:\n  a.b-c_1: {}\n  '-x': {}\n", ["a.b-c_1"]),
        ("x:\n  targets:\n    acme: {}\n", []),
        ("targets: {}\n", []),
        ("targets:\n", []),
        ("", []),
        ("targets:\n\tacme: {}\n", []),
    ],
)
def test_target_names_come_from_the_text_of_the_settings(
    tmp_path: Path, settings: str, expected: list[str]
) -> None:
    assert targets(tmp_path, settings) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("kind: Definition\nmetadata:\n  id: a\n", ["Definition/a"]),
        ("kind: Definition\nmetadata: {id: a}\n", ["Definition/a"]),
        ("kind: 'Agent'\nmetadata: {labels: x, id: 'a'}\n", ["Agent/a"]),
        ('kind: "Runner"\nmetadata:\n  id: "a.b-c"\n', ["Runner/a.b-c"]),
        ("kind: Key\nmetadata: {id: a}\n", []),
        ("metadata:\n  name: x\n  id: a\nkind: Runner\n", ["Runner/a"]),
        ("kind: SecretStore\nmetadata: {id: vault}\n", ["SecretStore/vault"]),
        ("kind: Agent\nmetadata: {id: a}\n---\nkind: Agent\nmetadata: {id: b}\n", ["Agent/a", "Agent/b"]),
        ("kind: Agent\nmetadata: {id: a}\n--- # next\nkind: Agent\nmetadata: {id: a}\n", ["Agent/a"]),
        ("kind: Agents\nmetadata: {id: a}\n", []),
        ("kind: Deployment\nmetadata: {id: a}\n", []),
        ("kind: Agent\n---\nmetadata: {id: a}\n", []),
        ("  kind: Agent\nmetadata: {id: a}\n", []),
        ("kind: Agent\nspec: {id: a}\n", []),
        ("kind: [\n", []),
        ("", []),
    ],
)
def test_objects_come_from_the_text_of_the_files(tmp_path: Path, document: str, expected: list[str]) -> None:
    assert objects(tmp_path, document) == expected


@pytest.mark.parametrize("kind", [kind for kind in Kind if FACTS[kind].has_document_id])
def test_every_kind_with_an_id_in_its_document_is_completed_and_accepted(tree: Path, kind: Kind) -> None:
    assert f"{kind}/one" in objects(tree, f"kind: {kind}\nmetadata: {{id: one}}\n")
    result = CliRunner().invoke(program, ["-C", str(tree), "validate", "--only", f"{kind}/one"])
    assert "there is no kind" not in result.stderr


def test_folders_are_searched_except_hidden_ones_and_other_files(tmp_path: Path) -> None:
    for name in ("a.yaml", "sub/deep/b.yml", ".hidden/c.yaml", "d.txt", "e.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"kind: Agent\nmetadata: {{id: {path.stem}}}\n")
    assert candidates("-C", str(tmp_path), "plan", "--only", "A") == ["Agent/a", "Agent/b"]


def test_only_the_top_of_a_file_and_a_number_of_files_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("#" * 3_000 + "\nkind: Agent\nmetadata: {id: late}\n")
    for name in "bcd":
        (tmp_path / f"{name}.yaml").write_text(f"kind: Agent\nmetadata: {{id: {name}}}\n")
    monkeypatch.setattr(completion, "MAX_FILES", 3)
    assert candidates("-C", str(tmp_path), "plan", "--only", "") == ["Agent/b", "Agent/c"]


def test_what_cannot_be_read_offers_nothing_and_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "reconciler.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\x00\nkind: Agent\nmetadata: {id: a}\n")
    assert candidates("-C", str(tmp_path), "plan", "--target", "") == []
    assert candidates("-C", str(tmp_path), "plan", "--only", "") == ["Agent/a"]
    assert candidates("-C", str(tmp_path / "nowhere"), "plan", "--target", "") == []


def test_without_the_directory_option_the_current_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reconciler.yaml").write_text("targets:\n  here: {}\n")
    (tmp_path / "a.yaml").write_text("kind: Agent\nmetadata: {id: a}\n")
    monkeypatch.chdir(tmp_path)
    ctx, option = click.Context(program), click.Option(["--x"])
    assert [item.value for item in complete_targets(ctx, option, "h")] == ["here"]
    assert [item.value for item in complete_objects(ctx, option, "Agent/")] == ["Agent/a"]


def test_targets_are_completed_after_explain_too(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("targets:\n  acme: {}\n  beta: {}\n")
    assert candidates("-C", str(tmp_path), "explain", "target/a") == ["target/acme"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_answers_with_candidates(shell: str, tmp_path: Path) -> None:
    """As the shell calls it: words in variables, candidates on stdout."""
    (tmp_path / "reconciler.yaml").write_text("targets:\n  acme: {}\n")
    words = f"reconciler -C {tmp_path} plan --target a"
    environment = {"_RECONCILER_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": "5"}
    if shell == "fish":
        environment["COMP_CWORD"] = "a"
    result = CliRunner().invoke(
        program, [], prog_name="reconciler", env=environment, complete_var="_RECONCILER_COMPLETE"
    )
    assert result.exit_code in (ExitCode.DONE, ExitCode.BUG)
    assert "acme" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [[], ["powershell"], ["bash", "zsh"]])
def test_a_shell_must_be_one_of_the_three(arguments: list[str]) -> None:
    result = CliRunner().invoke(program, ["completion", *arguments], prog_name="reconciler")
    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    assert "Nothing was changed." in result.stderr
