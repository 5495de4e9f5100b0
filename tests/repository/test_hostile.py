"""A clone whose configuration, attributes and hooks name programs: none of them runs, whatever is done with it."""

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError
from reconciler.inventory.git_ref import GitInventory
from reconciler.repository.launch import Launcher
from reconciler.settings import Limits
from reconciler.source.directory import read_directory
from reconciler.source.git import is_tracked, merge_base, open_revision
from tests.inventory.samples import names, owning
from tests.repositories import run

PROGRAMS = """
    core.fsmonitor core.sshCommand core.askPass core.gitProxy core.pager core.editor core.alternateRefsCommand
    credential.helper credential.https://127.0.0.1.helper gpg.program gpg.ssh.program gpg.x509.program
    diff.external diff.x.command diff.x.textconv merge.x.driver pager.status pager.ls-files sequence.editor
    filter.x.clean filter.x.smudge filter.x.process filter.in.cluded.clean remote.origin.uploadpack
    remote.origin.receivepack remote.reconciler-remote.uploadpack remote.reconciler-remote.receivepack
    uploadpack.packObjectsHook trailer.x.command alias.status alias.ls-files alias.rev-parse alias.config
    alias.fetch alias.push alias.ls-remote alias.remote submodule.x.update interactive.diffFilter
    difftool.x.cmd browser.x.cmd man.x.cmd
"""
HOOKS = """
    pre-commit post-commit post-checkout post-index-change reference-transaction pre-push pre-auto-gc
    post-rewrite fsmonitor-watchman push-to-checkout sendemail-validate update pre-receive post-receive
    post-update
"""


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Written by every program of the hostile clone, with its name."""
    return tmp_path / "canary"


@pytest.fixture
def hostile(repository: Path, commit: Callable[[dict[str, str]], str], canary: Path, tmp_path: Path) -> Path:
    """A clone with a commit, a change that is not committed, a remote, and a trap for every program git may start."""
    bare = tmp_path / "origin.git"
    bare.mkdir()
    run(bare, "init", "--quiet", "--bare")
    commit(
        {
            "a.yaml": "1\n",
            "b.yaml": "1\n",
            ".gitattributes": "*.yaml filter=x diff=x merge=x\nb.yaml filter=in.cluded\n",
        }
    )
    run(repository, "remote", "add", "origin", bare.as_uri())
    run(repository, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    traps = tmp_path / "traps"
    traps.mkdir()

    def trap(name: str, place: Path) -> str:
        place.write_text(f"#!/bin/sh\necho '{name}' >> '{canary}'\ncat\n")
        place.chmod(0o755)
        return str(place)

    included = tmp_path / "included"
    for number, name in enumerate(PROGRAMS.split()):
        program = trap(name, traps / str(number))
        value = f"!{program}" if name.startswith(("alias.", "credential.", "submodule.")) else program
        where = ("--file", str(included)) if "cluded" in name else ()
        run(repository, "config", *where, name, value)
    run(repository, "config", "include.path", str(included))
    run(repository, "config", "filter.x.required", "true")
    run(repository, "config", "core.hooksPath", str(traps))
    run(repository, "config", "protocol.ext.allow", "always")
    for name in HOOKS.split():
        trap(name, traps / name)
        trap(name, repository / ".git" / "hooks" / name)
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("*.yaml filter=x\n")
    # Of the same size, so that git must compare the content, and runs the filter for that.
    (repository / "a.yaml").write_text("2\n")
    (repository / "b.yaml").write_text("2\n")
    canary.unlink(missing_ok=True)
    return repository


def test_the_traps_work(hostile: Path, canary: Path) -> None:
    with contextlib.suppress(subprocess.CalledProcessError):  # a required filter that does not work
        run(hostile, "status", "--porcelain")
    assert {"core.fsmonitor", "filter.x.clean"} & set(canary.read_text().split())


def test_reading_a_hostile_folder_runs_nothing(hostile: Path, canary: Path) -> None:
    tree = read_directory(hostile, Limits(), Launcher())
    assert tree.is_dirty
    assert tree.files["a.yaml"] == b"2\n"
    assert is_tracked(hostile, Launcher())
    assert not canary.exists(), canary.read_text()


def test_reading_a_revision_of_a_hostile_clone_runs_nothing(hostile: Path, canary: Path) -> None:
    tree = open_revision(hostile, "HEAD", Launcher()).tree(Limits())
    assert tree.files["a.yaml"] == b"1\n"
    assert merge_base(hostile, "HEAD", "main", Launcher())
    assert not canary.exists(), canary.read_text()


@pytest.mark.parametrize("remote", [None, "origin"])
def test_a_record_in_a_ref_of_a_hostile_clone_runs_nothing(
    hostile: Path, canary: Path, remote: str | None
) -> None:
    store = GitInventory(hostile, "team", remote=remote, launcher=Launcher())
    store.read("acme")
    store.write(owning("a"))
    store.write(owning("a", "b"))
    again = GitInventory(hostile, "team", remote=remote, launcher=Launcher())
    assert names(again.read("acme")) == ["a", "b"]
    assert not canary.exists(), canary.read_text()


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:9/x.git", "ssh://git@127.0.0.1:9/x.git", "git@127.0.0.1:x.git"]
)
def test_a_remote_that_cannot_be_reached_runs_nothing(hostile: Path, canary: Path, url: str) -> None:
    run(hostile, "remote", "set-url", "origin", url)
    store = GitInventory(hostile, "team", remote="origin", launcher=Launcher(timeout_s=20))
    with pytest.raises(ReconcilerError, match="cannot read"):
        store.read("acme")
    assert not canary.exists(), canary.read_text()


def test_a_remote_rewritten_to_a_program_is_refused(hostile: Path, canary: Path) -> None:
    run(hostile, "config", f"url.ext::sh -c touch% {canary}.insteadOf", "file://")
    with pytest.raises(ReconcilerError, match="cannot be the remote"):
        GitInventory(hostile, "team", remote="origin", launcher=Launcher()).read("acme")
    assert not canary.exists()
