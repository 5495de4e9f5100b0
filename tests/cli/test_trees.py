"""One commit for a pass: settings and files are read once, and never from two different commits."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.edges.settings import find_settings
from reconciler.cli.edges.trees import Trees
from reconciler.cli.following import follower
from reconciler.cli.passes import compose
from reconciler.cli.request import Request
from reconciler.controller.loop import PassRequest, Reason
from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.errors import SettingsError, SourceError
from reconciler.passes.reconcile import plan
from reconciler.passes.result import Purpose, Verdict
from tests.cli.running import DEFINITION
from tests.programs import Recorder
from tests.repositories import commit, git, own_git_configuration, repository

__all__ = ["commit", "git", "own_git_configuration", "repository"]

Commit = Callable[[dict[str, str]], str]


def settings(url: str = "http://127.0.0.1:9", *, instance: str = "one") -> str:
    return (
        f"version: 1\ninstance: {instance}\ninventory: {{none: true}}\n"
        f"targets: {{acme: {{organization: acme, orchestrator: {{url: '{url}', token: {{env: TEST_TOKEN}}}}}}}}\n"
    )


def definition(identifier: str) -> str:
    return DEFINITION.replace("@ID@", identifier)


@pytest.fixture
def url() -> Iterator[str]:
    with Emulator(organizations=["acme"]) as emulator, running(emulator) as address:
        yield address


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder.make(tmp_path)


@pytest.fixture
def asked(tmp_path: Path, recorder: Recorder) -> Request:
    """A plan in an empty folder, with a cache of its own and a git that records its commands."""
    (tmp_path / "work").mkdir()
    environment = {**recorder.environment, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TEST_TOKEN": "x"}
    return Request(Purpose.PLAN, tmp_path / "work", environment=environment)


def remote(asked: Request, repository: Path, **more: object) -> Request:
    return replace(asked, url=f"file://{repository}", **more)  # type: ignore[arg-type]  # fields by name


def test_a_pass_over_a_remote_lists_once_and_fetches_once(
    asked: Request, repository: Path, commit: Commit, recorder: Recorder, url: str
) -> None:
    head = commit({"reconciler.yaml": settings(url), "a.yaml": definition("first-db")})
    with compose(remote(asked, repository)) as composed:
        result, _ = plan(composed.settings, composed.adapters, composed.selection, accepted=frozenset())
    assert result.verdict is Verdict.CHANGES
    assert result.source.revision == head
    counts = {verb: recorder.commands().count(verb) for verb in ("ls-remote", "fetch", "ls-tree", "cat-file")}
    assert counts == {"ls-remote": 1, "fetch": 1, "ls-tree": 1, "cat-file": 2}, "settings, then everything"


def test_settings_and_files_of_a_remote_come_from_one_commit_when_it_moves_in_between(
    asked: Request, repository: Path, commit: Commit
) -> None:
    first = commit({"reconciler.yaml": settings(instance="one"), "a.yaml": definition("first-db")})
    with compose(remote(asked, repository)) as composed:
        commit({"reconciler.yaml": settings(instance="two"), "b.yaml": definition("second-db")})
        with compose(remote(asked, repository)) as later:
            assert later.settings.instance == "two"
        tree = composed.adapters.read_tree()
    assert composed.settings.instance == "one"
    assert tree.revision == first
    assert list(tree.files) == ["a.yaml", "reconciler.yaml"]
    assert tree.files["reconciler.yaml"] == settings(instance="one").encode()


def test_settings_and_files_of_a_revision_come_from_one_commit(
    asked: Request, repository: Path, commit: Commit
) -> None:
    first = commit({"reconciler.yaml": settings(instance="one"), "a.yaml": definition("first-db")})
    second = commit({"reconciler.yaml": settings(instance="two"), "b.yaml": definition("second-db")})
    (repository / "reconciler.yaml").write_text(settings(instance="uncommitted"))
    for rev, revision, instance in (("HEAD~1", first, "one"), ("main", second, "two")):
        with compose(replace(asked, directory=repository, rev=rev)) as composed:
            tree = composed.adapters.read_tree()
        assert (composed.settings.instance, tree.revision) == (instance, revision)


def test_approvals_come_from_the_commit_and_never_from_the_folder(
    asked: Request, repository: Path, commit: Commit
) -> None:
    approvals = (
        "version: 1\napprovals: [{what: contested=Definition/@, who: me, until: 2999-12-31, reason: why}]\n"
    )
    commit({"reconciler.yaml": settings(), "a.yaml": definition("a")})
    (repository / "approvals.yaml").write_text(approvals.replace("@", "uncommitted"))
    with compose(replace(asked, directory=repository, rev="HEAD")) as composed:
        assert composed.adapters.load(composed.adapters.read_tree()).approvals is None
    commit({"approvals.yaml": approvals.replace("@", "committed")})
    (repository / "approvals.yaml").write_text(approvals.replace("@", "uncommitted"))
    with compose(replace(asked, directory=repository, rev="HEAD")) as composed:
        found = composed.adapters.load(composed.adapters.read_tree()).approvals
    assert found is not None
    assert "contested=Definition/committed" in str(found.raw)


def test_a_name_that_moves_while_a_revision_is_read_changes_nothing(
    asked: Request, repository: Path, commit: Commit
) -> None:
    first = commit({"reconciler.yaml": settings(instance="one")})
    with compose(replace(asked, directory=repository, rev="main")) as composed:
        commit({"reconciler.yaml": settings(instance="two")})
        assert composed.adapters.read_tree().revision == first
    assert composed.settings.instance == "one"


def test_a_revision_without_settings_does_not_get_those_of_the_folder(
    asked: Request, repository: Path, commit: Commit
) -> None:
    """Nor does it get the embedded orchestrator: a silent practice run would look like a real plan."""
    commit({"a.yaml": definition("first-db")})
    (repository / "reconciler.yaml").write_text(settings())
    there = replace(asked, directory=repository, rev="HEAD")
    with pytest.raises(SettingsError, match=r"revision 'HEAD' has no reconciler\.yaml") as refused:
        find_settings(there, Trees(there))
    assert f"--config {repository}/reconciler.yaml" in refused.value.advice
    given = replace(there, config=repository / "reconciler.yaml")
    assert find_settings(given, Trees(given)).settings.instance == "one"


def test_two_settings_that_differ_are_refused_for_a_remote(
    asked: Request, repository: Path, commit: Commit
) -> None:
    """The settings in force decide where tokens are sent."""
    commit({"reconciler.yaml": settings(instance="one")})
    there = remote(asked, repository)
    (asked.directory / "reconciler.yaml").write_text(settings(instance="one"))
    assert find_settings(there, Trees(there)).settings.instance == "one"
    (asked.directory / "reconciler.yaml").write_text(settings(instance="two"))
    with pytest.raises(SettingsError, match="differ") as refused:
        find_settings(there, Trees(there))
    assert "--config" in refused.value.advice


def test_settings_in_the_folder_are_used_for_a_remote_without_any(
    asked: Request, repository: Path, commit: Commit
) -> None:
    commit({"a.yaml": definition("first-db")})
    (asked.directory / "reconciler.yaml").write_text(settings(instance="local"))
    there = remote(asked, repository)
    found = find_settings(there, Trees(there))
    assert (found.settings.instance, found.is_local) == ("local", False)


@pytest.mark.parametrize("kind", ["remote", "revision"])
def test_settings_that_are_too_large_are_not_mistaken_for_missing(
    asked: Request, repository: Path, commit: Commit, kind: str
) -> None:
    commit({"reconciler.yaml": settings() + "#" * 2_000_000})
    there = (
        remote(asked, repository) if kind == "remote" else replace(asked, directory=repository, rev="HEAD")
    )
    with pytest.raises(SourceError, match=r"reconciler\.yaml of .* has .* bytes; the limit is"):
        find_settings(there, Trees(there))


def test_settings_that_are_a_link_in_the_commit_are_followed(
    asked: Request, repository: Path, commit: Commit
) -> None:
    (repository / "reconciler.yaml").symlink_to("team/settings.yaml")
    commit({"team/settings.yaml": settings(instance="linked")})
    there = remote(asked, repository)
    assert find_settings(there, Trees(there)).settings.instance == "linked"


def test_settings_that_change_while_a_folder_is_read_are_noticed(asked: Request) -> None:
    (asked.directory / "reconciler.yaml").write_text(settings(instance="one"))
    with compose(replace(asked, purpose=Purpose.VALIDATE)) as composed:
        assert composed.adapters.read_tree().files
        (asked.directory / "reconciler.yaml").write_text(settings(instance="two"))
        with pytest.raises(SourceError, match="changed while the folder was read") as refused:
            composed.adapters.read_tree()
    assert refused.value.is_transient


def test_the_base_of_a_preview_is_read_once(
    asked: Request, repository: Path, commit: Commit, recorder: Recorder, url: str
) -> None:
    base = commit({"reconciler.yaml": settings(url), "a.yaml": definition("first-db")})
    commit({"b.yaml": definition("second-db")})
    there = replace(asked, directory=repository, rev="HEAD", against="HEAD~1")
    with compose(there) as composed:
        result, _ = plan(composed.settings, composed.adapters, composed.selection, accepted=frozenset())
    assert result.preview is not None
    assert base[:12] in result.preview.base
    assert [str(action.key.id) for own in result.preview.own for action in own.actions] == ["second-db"]
    assert recorder.commands().count("ls-tree") == 2
    assert recorder.commands().count("cat-file") == 5, "settings in force, of both sides, the files, the base"
    assert recorder.commands().count("merge-base") == 1


def passing(revision: str) -> PassRequest:
    return PassRequest("1", Reason.FIRST, revision, threading.Event())


def test_watch_lists_once_for_each_poll_and_its_pass_does_not_list_again(
    asked: Request, repository: Path, commit: Commit, recorder: Recorder, url: str
) -> None:
    first = commit({"reconciler.yaml": settings(url), "a.yaml": definition("first-db")})
    following = follower(remote(asked, repository, purpose=Purpose.APPLY))
    recorder.forget()
    assert following.revision() == first
    assert recorder.commands() == ["ls-remote"]
    assert following.run_pass(passing(first)).verdict is Verdict.APPLIED
    assert recorder.commands().count("ls-remote") == 1
    assert "fetch" not in recorder.commands(), "the start fetched it to read the settings"
    recorder.forget()
    assert following.revision() == first
    assert recorder.commands() == ["ls-remote"], "nothing changed, so nothing else is asked"
    second = commit({"b.yaml": definition("second-db")})
    recorder.forget()
    assert following.revision() == second
    result = following.run_pass(passing(second))
    assert (result.source.revision, result.verdict) == (second, Verdict.APPLIED)
    assert recorder.commands().count("ls-remote") == 1
    assert recorder.commands().count("fetch") == 1


def test_a_pass_of_watch_reads_settings_and_files_of_the_commit_that_the_poll_found(
    asked: Request, repository: Path, commit: Commit, url: str
) -> None:
    """Or of a later one, if the branch moved between the poll and the fetch; never of both."""
    commit({"reconciler.yaml": settings(url), "a.yaml": definition("first-db")})
    following = follower(remote(asked, repository, purpose=Purpose.APPLY))
    looked = following.revision()
    later = commit({"reconciler.yaml": settings("http://127.0.0.1:9"), "b.yaml": definition("second-db")})
    result = following.run_pass(passing(looked))
    assert (result.source.revision, result.verdict) == (looked, Verdict.APPLIED)
    assert following.revision() == later
    result = following.run_pass(passing(later))
    assert (result.source.revision, result.verdict) == (later, Verdict.UNREADABLE), (
        "the address is the later one"
    )


def test_a_folder_is_validated_without_gitpython(repository: Path, commit: Commit) -> None:
    """Importing it takes a tenth of a second, which is a third of a validation."""
    commit({"a.yaml": definition("first-db")})
    script = (
        "import sys\n"
        "from reconciler.cli.program import program\n"
        "try: program.main(sys.argv[1:], prog_name='reconciler')\n"
        "finally: print([name for name in ('git', 'gitdb', 'httpx') if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, "-C", str(repository), "validate"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert ended.stderr.splitlines()[-1] == "[]"
