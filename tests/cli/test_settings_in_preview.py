"""A preview uses the settings of the base and shows first how the change edits them."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode
from tests.cli.running import add, call
from tests.scenarios.world import definition_yaml

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
Branch = Callable[[str | None, str | None], Path]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *IDENTITY, *arguments], check=True, capture_output=True)


def settings(url: str, *, more: str = "", token: str = "TEST_TOKEN") -> str:
    return (
        "version: 1\ntargets:\n  acme:\n    organization: acme\n"
        f"    orchestrator:\n      url: {url}\n      token: {{env: {token}}}\n{more}"
    )


@pytest.fixture
def url(emulator: Emulator) -> Iterator[str]:
    with running(emulator) as url:
        yield url


@pytest.fixture
def stranger() -> Iterator[Emulator]:
    """An address to which a hostile branch would have tokens sent."""
    with Emulator(organizations=["acme"]) as made:
        yield made


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branch:
    """Make a branch `change` with a new definition on top of `main`, each with or without settings."""
    monkeypatch.setenv("TEST_TOKEN", "a-token-for-tests")
    monkeypatch.setenv("OTHER_TOKEN", "another-token")

    def made(before: str | None, after: str | None) -> Path:
        folder = tmp_path / "repository"
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch=main")
        for text, name in ((before, "first-db"), (after, "second-db")):
            if text is not None:
                (folder / "reconciler.yaml").write_text(text)
            add(folder, name)
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "-m", name)
            if name == "first-db":
                git(folder, "checkout", "--quiet", "-b", "change")
        return folder

    return made


def test_the_settings_of_the_base_are_used_and_an_address_of_the_change_gets_no_token(
    branch: Branch, url: str, emulator: Emulator, stranger: Emulator
) -> None:
    with running(stranger) as elsewhere:
        folder = branch(settings(url), settings(elsewhere, token="OTHER_TOKEN"))
        code, shown, _ = call(folder, "plan", "--against", "main", "--detailed-exit-code")
    assert code == ExitCode.CHANGES
    assert stranger.log.entries() == []
    assert emulator.log.entries()
    lines = " ".join(shown.split())
    assert lines.startswith(
        "! This change edits the settings: the preview uses those of main; these take effect once they are merged"
    )
    assert f'address: targets.acme.orchestrator.url: "{url}" → "{elsewhere}" reconciler.yaml:6:12' in lines
    assert 'token: targets.acme.orchestrator.token.env: "TEST_TOKEN" → "OTHER_TOKEN"' in lines
    assert "Plan: settings change (1 address, 1 token); 0 to delete, 0 to update, 1 to create" in lines
    assert "+ Definition/second-db" in lines
    assert max(map(len, shown.splitlines())) <= 80


def test_built_in_definitions_give_up_criteria_in_the_preview_of_the_change_that_lists_them(
    branch: Branch, url: str, emulator: Emulator
) -> None:
    """Otherwise the replacing definition would be refused in the very change that makes it possible."""
    folder = branch(
        settings(url),
        settings(url, more="    builtIn: {disabled: [default-humanitec-dns, default-humanitec-x]}\n"),
    )
    own = (folder / "second-db.yaml").read_text().replace("postgres", "dns")
    (folder / "second-db.yaml").write_text(re.sub(r"criteria:.*", "criteria: [{}]", own, flags=re.DOTALL))
    code, shown, _ = call(folder, "plan", "--against", "main", "-o", "json")
    document = json.loads(shown)
    assert code == ExitCode.INVALID
    [error] = [found for found in document["findings"] if found["severity"] == "error"]
    assert (error["rule"], "`default-humanitec-x`" in error["message"]) == ("P08", True)
    own_changes = [(c["action"], c["id"]) for c in document["preview"]["own"][0]["changes"]]
    assert ("update", "default-humanitec-dns") in own_changes
    assert ("create", "second-db") in own_changes
    assert all(entry.verb == "GET" for entry in emulator.log.entries())


def test_the_comment_says_it_in_its_title_and_programs_get_every_item(branch: Branch, url: str) -> None:
    folder = branch(settings(url), settings(url, more="safety: {maxDelete: 99%}\nwatch: {pollSeconds: 5}\n"))
    _, comment, _ = call(folder, "plan", "--against", "main", "-o", "markdown")
    assert comment.splitlines()[1].startswith(
        "### reconciler: settings change (1 safety); merging this creates 1 object"
    )
    assert "safety.maxDelete" in comment
    assert "also&#58; watch.pollSeconds" in comment
    change = json.loads(call(folder, "plan", "--against", "main", "-o", "json")[1])["settingsChange"]
    assert change["settings"] == [
        {
            "concern": "safety",
            "setting": "safety.maxDelete",
            "before": "10% or 5",
            "after": "99%",
            "file": "reconciler.yaml",
            "line": 8,
            "column": 21,
        },
        {
            "concern": "other",
            "setting": "watch.pollSeconds",
            "before": 60.0,
            "after": 5.0,
            "file": "reconciler.yaml",
            "line": 9,
            "column": 22,
        },
    ]


def test_settings_that_are_not_sensitive_are_not_in_the_headline(branch: Branch, url: str) -> None:
    folder = branch(settings(url), settings(url, more="watch: {pollSeconds: 5}\n"))
    _, shown, _ = call(folder, "plan", "--against", "main")
    assert "0 to update, 1 to create" in shown
    assert "also: watch.pollSeconds" in shown


def test_settings_that_do_not_change_are_not_mentioned(branch: Branch, url: str) -> None:
    folder = branch(settings(url), settings(url, more="# a comment\n"))
    assert "edits the settings" not in call(folder, "plan", "--against", "main")[1]


@pytest.mark.parametrize("revision", [(), ("--rev", "change")], ids=["folder", "revision"])
def test_a_first_pull_request_sends_no_token_to_an_address_that_it_names(
    branch: Branch, stranger: Emulator, revision: tuple[str, ...]
) -> None:
    with running(stranger) as elsewhere:
        folder = branch(None, settings(elsewhere))
        code, shown, _ = call(folder, "plan", *revision, "--against", "main")
    assert code == ExitCode.INVALID
    assert "main has no reconciler.yaml" in " ".join(shown.split())
    assert "--own-settings" in shown
    assert stranger.log.entries() == []


def test_a_preview_of_a_tree_without_any_settings_is_practice(branch: Branch) -> None:
    folder = branch(None, None)
    add(folder, "third-db")
    assert call(folder, "plan", "--against", "main")[0] == ExitCode.DONE


def test_settings_of_the_change_replace_those_of_the_base_only_with_the_option(
    branch: Branch, url: str, stranger: Emulator
) -> None:
    with running(stranger) as elsewhere:
        folder = branch(settings(url), settings(elsewhere))
        code, shown, _ = call(folder, "plan", "--against", "main", "--own-settings")
    assert code == ExitCode.DONE
    assert stranger.log.entries()
    assert "the preview uses those of this change (--own-settings), tokens included" in " ".join(
        shown.split()
    )


@pytest.mark.parametrize("other", [(), ("--against", "main")], ids=["without --against", "with --config"])
def test_own_settings_that_choose_nothing_are_wrong_usage(
    branch: Branch, url: str, other: tuple[str, ...]
) -> None:
    folder = branch(None, settings(url))
    config = ("--config", str(folder / "reconciler.yaml")) if other else ()
    code, _, said = call(folder, *config, "plan", "--own-settings", *other)
    assert (code, "--own-settings" in said) == (ExitCode.USAGE, True)


def test_a_first_pull_request_gets_a_preview_with_its_own_settings(branch: Branch, url: str) -> None:
    folder = branch(None, settings(url))
    code, shown, _ = call(folder, "plan", "--against", "main", "--own-settings", "--detailed-exit-code")
    assert code == ExitCode.CHANGES
    lines = " ".join(shown.split())
    assert "the preview uses those of this change (--own-settings), tokens included" in lines
    assert f'address: + targets.acme.orchestrator.url: "{url}"' in lines
    assert "+ Definition/second-db" in lines


def test_a_branch_older_than_the_settings_cannot_bring_its_own(
    branch: Branch, url: str, stranger: Emulator
) -> None:
    """The merge base has none then, but the base has."""
    with running(stranger) as elsewhere:
        folder = branch(None, settings(elsewhere))
        git(folder, "checkout", "--quiet", "main")
        (folder / "reconciler.yaml").write_text(settings(url))
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "-m", "Settings")
        git(folder, "checkout", "--quiet", "change")
        assert call(folder, "plan", "--against", "main")[0] == ExitCode.DONE
        assert call(folder, "plan", "--rev", "change", "--against", "main")[0] == ExitCode.DONE
    assert stranger.log.entries() == []


def test_settings_of_the_change_that_cannot_be_used_are_errors_of_the_preview(
    branch: Branch, url: str
) -> None:
    folder = branch(settings(url), settings(url, more="safty: {}\n"))
    code, shown, _ = call(folder, "plan", "--against", "main")
    assert code == ExitCode.INVALID
    assert "reconciler.yaml:8:1" in shown


def test_settings_that_are_removed_are_named(branch: Branch, url: str) -> None:
    folder = branch(settings(url), None)
    git(folder, "rm", "--quiet", "reconciler.yaml")
    _, shown, _ = call(folder, "plan", "--against", "main")
    assert f'address: - targets.acme.orchestrator.url: "{url}"' in " ".join(shown.split())


def test_what_cannot_be_read_names_the_line_of_the_base(branch: Branch) -> None:
    folder = branch(settings("http://127.0.0.1:1"), settings("http://127.0.0.1:2"))
    code, shown, _ = call(folder, "plan", "--against", "main")
    assert code == ExitCode.UNREADABLE
    assert "main:reconciler.yaml:6:12: targets.acme.orchestrator.url" in shown


def test_a_cluster_that_only_the_change_names_is_not_contacted(
    branch: Branch, url: str, tmp_path: Path
) -> None:
    """A kubeconfig can name a command to run; a branch must not choose it."""
    ran = tmp_path / "ran"
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(ran)]}
    kubeconfig = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"exec": plugin}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    cluster = f"clusters: {{eu-1: {{kubeconfig: {{path: {tmp_path / 'kubeconfig'}}}}}}}\n"
    folder = branch(settings(url), settings(url, more=cluster))
    tag = "!secret {cluster: eu-1, namespace: db, name: login, key: password}"
    (folder / "second-db.yaml").write_text(
        definition_yaml("second-db", inputs=f"{{secrets: {{password: {tag}}}}}")
    )
    _, shown, _ = call(folder, "plan", "--against", "main")
    lines = " ".join(shown.split())
    assert not ran.exists()
    assert "cluster eu-1 is not in the settings" in lines
    assert "address: + clusters.eu-1.kubeconfig.path" in lines
    _, shown, _ = call(folder, "plan")
    assert ran.exists(), "with these settings in force the command would have run"
    assert "the credential plugin touch" in " ".join(shown.split())


def test_a_warning_about_the_settings_of_the_base_is_not_the_changes_own(branch: Branch, url: str) -> None:
    old = settings(url, more="    mode: GitOps\n")
    folder = branch(old, old + "watch: {pollSeconds: 5}\n")
    found = json.loads(call(folder, "plan", "--against", "main", "-o", "json")[1])["findings"]
    assert {one["file"] for one in found if one["existing"]} >= {"main:reconciler.yaml"}
    assert not [one for one in found if not one["existing"] and one["file"] == "main:reconciler.yaml"]
