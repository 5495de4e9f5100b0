"""Settings that cannot be used: every command says the cause, the place and the next step, and starts nothing."""

import os
from pathlib import Path

import pytest

from reconciler.cli.edges.settings import LOCAL, check_targets, find_settings, local_settings
from reconciler.cli.edges.trees import Trees
from reconciler.cli.request import Request
from reconciler.errors import ExitCode, SettingsError, UsageError
from reconciler.passes.result import Purpose
from reconciler.settings import Limits, Settings
from tests.cli.running import call

COMMANDS = (
    ["validate"], ["plan"], ["apply", "--yes"], ["watch"], ["rules"], ["explain", "target/acme"],
    ["explain", "target/acme", "--live"],
)  # fmt: skip
VALID = b"version: 1\ntargets: {acme: {organization: acme}}\n"
UNUSABLE = {
    "empty": (b"", "the settings file is empty"),
    "comments": (b"# nothing\n", "the settings file is empty"),
    "list": (b"[]\n", "the settings file is not a mapping"),
    "text": (b"settings\n", "the settings file is not a mapping"),
    "number": (b"1\n", "the settings file is not a mapping"),
    "not yaml": (b"a: b: c\n", "mapping values are not allowed"),
    "unclosed": (b"targets: [\n", ""),
    "utf-16": (b"\xff\xfev\x00", "the file is UTF-16 or UTF-32"),
    "latin-1": (b"version: 1 # \xe9\n", "UTF-8"),
    "two documents": (VALID + b"---\n" + VALID, "the settings file contains 2 documents"),
    "no targets": (b"version: 1\n", "`targets` is missing"),
    "empty targets": (b"version: 1\ntargets: {}\n", "`targets` must have at least 1 entry"),
    "targets as a list": (b"version: 1\ntargets: [acme]\n", "`targets` must be a mapping, but is a list"),
    "another version": (b"version: 2\ntargets: {acme: {organization: acme}}\n", "`version` must be `1`"),
    "no version": (b"targets: {acme: {organization: acme}}\n", "`version` is missing"),
    "unknown field": (VALID + b"targts: {}\n", "targts"),
    "a key twice": (VALID + b"version: 1\n", "version"),
}


def text(shown: str) -> str:
    return " ".join(shown.split())


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_settings_are_an_error_with_cause_place_and_next_step(tree: Path, name: str) -> None:
    content, cause = UNUSABLE[name]
    (tree / "reconciler.yaml").write_bytes(content)
    code, shown, said = call(tree, "validate")
    assert code == ExitCode.INVALID
    assert cause in text(shown)
    assert "reconciler.yaml:" in shown
    assert "correct the file; the one that `reconciler init` writes explains every setting" in text(shown)
    assert "Nothing was changed." in shown
    assert "bug" not in said


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("name", ["empty", "list", "latin-1", "unknown field"])
def test_no_command_goes_on_with_unusable_settings(tree: Path, command: list[str], name: str) -> None:
    (tree / "reconciler.yaml").write_bytes(UNUSABLE[name][0])
    before = sorted(path.name for path in tree.iterdir())
    code, shown, said = call(tree, *command)
    assert code == ExitCode.INVALID
    assert "the settings in reconciler.yaml cannot be used: 1 problem" in text(shown + said)
    assert "Nothing was changed." in shown + said
    assert "embedded orchestrator" not in said
    assert sorted(path.name for path in tree.iterdir()) == before


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["rules"]], ids=" ".join)
def test_settings_that_cannot_be_read_are_named_with_the_next_step(tree: Path, command: list[str]) -> None:
    path = tree / "reconciler.yaml"
    path.write_bytes(b"#" * (Limits().max_file_bytes + 1))
    code, shown, said = call(tree, *command)
    assert code == ExitCode.INVALID
    assert f"is larger than {Limits().max_file_bytes} bytes" in text(shown + said)
    assert "check that it is the right file" in text(shown + said)
    path.unlink()
    path.mkdir()
    code, shown, said = call(tree, *command)
    assert code == ExitCode.INVALID
    assert "cannot be read: Is a directory" in text(shown + said)
    path.rmdir()
    path.symlink_to(tree / "nowhere")
    code, shown, said = call(tree, *command)
    assert code == ExitCode.INVALID
    assert "cannot be read: No such file or directory" in text(shown + said)
    assert "`reconciler init` writes one" in text(shown + said)


def test_a_file_of_exactly_the_limit_is_read(tree: Path) -> None:
    padding = Limits().max_file_bytes - len(VALID)
    (tree / "reconciler.yaml").write_bytes(VALID + b"#" * (padding - 1) + b"\n")
    assert call(tree, "validate")[0] == ExitCode.DONE


def test_the_option_config_wins_over_the_file_of_the_folder_and_paths_are_relative_to_it(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (tree / "reconciler.yaml").write_bytes(b"unusable")
    (elsewhere / "own.yaml").write_bytes(VALID)
    asked = Request(Purpose.PLAN, tree, elsewhere / "own.yaml")
    found = find_settings(asked, Trees(asked))
    assert list(found.settings.targets) == ["acme"]
    assert found.base == elsewhere
    assert found.of_folder is None
    assert not found.is_local


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("none.yaml", "cannot be read: No such file or directory"),
        ("folder", "cannot be read: Is a directory"),
        ("pipe", "is not a regular file"),
        ("own.yaml/x", "cannot be read: Not a directory"),
    ],
)
def test_a_file_named_with_config_must_exist(tree: Path, name: str, cause: str) -> None:
    (tree / "own.yaml").write_bytes(VALID)
    (tree / "folder").mkdir()
    os.mkfifo(tree / "pipe")
    asked = Request(Purpose.PLAN, tree, tree / name)
    with pytest.raises(SettingsError) as caught:
        find_settings(asked, Trees(asked))
    assert str(caught.value) == f"the settings file {tree / name} {cause}"
    assert caught.value.advice == "`reconciler init` writes one"


def test_the_file_of_the_folder_is_kept_to_notice_a_change(tree: Path) -> None:
    (tree / "reconciler.yaml").write_bytes(VALID)
    asked = Request(Purpose.PLAN, tree)
    found = find_settings(asked, Trees(asked))
    assert found.of_folder == VALID
    assert found.base == tree
    assert "organization" not in repr(found.of_folder is None)


@pytest.mark.parametrize("name", ["reconciler.yml", ".reconciler.yaml", ".reconciler.yml"])
def test_a_file_with_a_similar_name_is_refused_with_both_ways_out(tree: Path, name: str) -> None:
    (tree / name).write_bytes(VALID)
    asked = Request(Purpose.PLAN, tree)
    with pytest.raises(SettingsError) as caught:
        find_settings(asked, Trees(asked))
    assert str(caught.value) == f"{tree / name} is not read: the settings file must be named reconciler.yaml"
    assert caught.value.advice == f"rename it, or use --config {name}"
    (tree / "reconciler.yaml").write_bytes(VALID)
    assert not find_settings(asked, Trees(asked)).is_local


def test_the_nearest_settings_above_are_named(tree: Path) -> None:
    below = tree / "a" / "b"
    below.mkdir(parents=True)
    for folder in (tree, tree / "a"):
        (folder / "reconciler.yaml").write_bytes(VALID)
        asked = Request(Purpose.PLAN, below)
        with pytest.raises(SettingsError) as caught:
            find_settings(asked, Trees(asked))
        assert str(caught.value) == f"there is no reconciler.yaml here, but there is one in {folder}"
        assert caught.value.advice == f"use -C {folder}; limit the run with --target or --only"


def test_built_in_settings_have_one_target_for_every_file() -> None:
    settings = local_settings()
    assert list(settings.targets) == [LOCAL]
    assert settings.targets[LOCAL].organization == LOCAL


@pytest.mark.parametrize(
    ("names", "wrong", "hint"),
    [
        (("acme",), None, ""),
        (("acme", "beta-eu"), None, ""),
        ((), None, ""),
        (("acm",), "acm", "did you mean acme?"),
        (("acme", "beta"), "beta", "did you mean beta-eu?"),
        (("ACME",), "ACME", "targets are acme, beta-eu"),
        (("zzz", "acm"), "zzz", "targets are acme, beta-eu"),
    ],
)
def test_names_of_targets_must_be_in_the_settings(
    names: tuple[str, ...], wrong: str | None, hint: str
) -> None:
    organizations = {name: {"organization": "acme"} for name in ("acme", "beta-eu")}
    settings = Settings.model_validate({"version": 1, "targets": organizations})
    if wrong is None:
        check_targets(names, settings)
        return
    with pytest.raises(UsageError) as caught:
        check_targets(names, settings)
    assert str(caught.value) == f"there is no target {wrong!r} in the settings"
    assert caught.value.advice == hint


@pytest.mark.parametrize("name", ["cluster:eu1", "eu1", "eu-1"])
def test_the_name_of_a_cluster_gets_the_nearest_one_with_or_without_its_prefix(name: str) -> None:
    targets = {"acme": {"organization": "acme"}}
    settings = Settings.model_validate({"version": 1, "targets": targets, "clusters": {"eu-1": {}}})
    with pytest.raises(UsageError) as caught:
        check_targets((name,), settings)
    assert caught.value.advice == "did you mean cluster:eu-1?"
