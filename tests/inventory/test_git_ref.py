import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.errors import InventoryConflictError, InventoryError
from reconciler.inventory.git_ref import Access, GitInventory, cached_repository
from reconciler.repository.cache import Cache
from reconciler.repository.launch import Launcher
from tests.inventory.samples import names, owning

REF = "refs/reconciler/team/acme"
LAUNCHER = Launcher({name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ})


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with one commit and a bare remote `origin` that also has it."""
    bare, folder = tmp_path / "origin.git", tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    (folder / "a.yaml").write_text("a: 1\n")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "one")
    git(folder, "remote", "add", "origin", bare.as_uri())
    git(folder, "push", "-q", "origin", "main")
    return folder


Opening = Callable[[Path], GitInventory]


def local(repository: Path) -> GitInventory:
    return GitInventory(repository, "team", launcher=LAUNCHER)


def with_remote(repository: Path) -> GitInventory:
    return GitInventory(repository, "team", remote="origin", launcher=LAUNCHER)


BOTH = pytest.mark.parametrize("opened", [local, with_remote])


@BOTH
def test_a_missing_ref_is_a_record_that_does_not_exist(clone: Path, opened: Opening) -> None:
    assert not opened(clone).read("acme").exists


@BOTH
def test_what_is_written_is_what_another_store_reads(clone: Path, opened: Opening) -> None:
    store = opened(clone)
    store.read("acme")
    store.write(owning("a"))
    store.write(owning("a", "b"))
    assert opened(clone).read("acme") == owning("a", "b")


@BOTH
def test_the_second_of_two_writers_gets_a_conflict_and_writes_nothing(clone: Path, opened: Opening) -> None:
    first, second = opened(clone), opened(clone)
    first.read("acme")
    second.read("acme")
    first.write(owning("a"))
    with pytest.raises(InventoryConflictError):
        second.write(owning("b"))
    assert names(opened(clone).read("acme")) == ["a"]
    second.read("acme")
    second.write(owning("a", "b"))
    assert names(opened(clone).read("acme")) == ["a", "b"]


@BOTH
def test_a_stale_writer_of_an_existing_record_gets_a_conflict(clone: Path, opened: Opening) -> None:
    opened(clone).write(owning("a"))
    first, second = opened(clone), opened(clone)
    first.read("acme")
    second.read("acme")
    first.write(owning("a", "b"))
    with pytest.raises(InventoryConflictError):
        second.write(owning("c"))


def test_each_write_is_a_commit_on_top_of_the_one_before(clone: Path) -> None:
    store = local(clone)
    for count in range(3):
        store.write(owning(*"abc"[:count]))
    log = git(clone, "log", "--format=%an <%ae> %s", REF).splitlines()
    counts = ("2 objects", "1 object", "0 objects")
    assert log == [f"reconciler <reconciler@localhost> acme: {count}" for count in counts]
    assert git(clone, "ls-tree", "--name-only", REF) == "inventory.json"


@BOTH
def test_branches_work_tree_and_index_stay_as_they_are(clone: Path, opened: Opening) -> None:
    (clone / "a.yaml").write_text("a: 2\n")
    (clone / "new.yaml").write_text("b: 1\n")
    git(clone, "add", "new.yaml")
    before = [
        git(clone, "status", "--porcelain"),
        git(clone, "rev-parse", "HEAD"),
        git(clone, "branch", "-a"),
    ]
    store = opened(clone)
    store.read("acme")
    store.write(owning("a"))
    after = [git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD"), git(clone, "branch", "-a")]
    assert after == before
    assert not (clone / ".git" / "FETCH_HEAD").exists()


def test_with_a_remote_no_local_ref_moves(clone: Path) -> None:
    store = with_remote(clone)
    store.write(owning("a"))
    assert REF not in git(clone, "for-each-ref")
    assert REF in git(clone, "ls-remote", "origin")


def test_another_clone_reads_the_record_from_the_remote(clone: Path, tmp_path: Path) -> None:
    """Stateless CI starts from a fresh clone each time and must still know what it owns."""
    with_remote(clone).write(owning("a"))
    origin = git(clone, "remote", "get-url", "origin")
    fresh = tmp_path / "fresh"
    subprocess.run(["git", "clone", "-q", "--depth=1", origin, fresh], check=True)
    store = with_remote(fresh)
    assert names(store.read("acme")) == ["a"]
    store.write(owning("a", "b"))
    assert names(with_remote(clone).read("acme")) == ["a", "b"]


def test_a_remote_given_by_url_needs_no_clone(clone: Path, tmp_path: Path) -> None:
    url = git(clone, "remote", "get-url", "origin")
    cache = tmp_path / "cache"
    for agents in (["a"], ["a", "b"]):
        repository = cached_repository(url, Cache(cache, LAUNCHER))
        store = GitInventory(repository, "team", remote=url, launcher=LAUNCHER)
        store.read("acme")
        store.write(owning(*agents))
    assert names(with_remote(clone).read("acme")) == ["a", "b"]
    assert len(list(cache.glob("*.git"))) == 1


def test_the_name_of_a_remote_means_nothing_without_a_clone(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="no clone that has a remote of that name") as refused:
        cached_repository("origin", Cache(tmp_path, LAUNCHER))
    assert "--source" in refused.value.advice


@BOTH
def test_read_access_reads_and_writes_nothing(clone: Path, opened: Opening) -> None:
    opened(clone).write(owning("a"))
    remote = "origin" if opened is with_remote else None
    store = GitInventory(clone, "team", remote=remote, access=Access.READ, launcher=LAUNCHER)
    before = git(clone, "for-each-ref"), git(clone, "ls-remote", "origin")
    assert names(store.read("acme")) == ["a"]
    with pytest.raises(InventoryError, match="for reading only"):
        store.write(owning("b"))
    assert (git(clone, "for-each-ref"), git(clone, "ls-remote", "origin")) == before


def test_a_remote_that_cannot_be_reached_is_an_error_and_not_an_empty_record(
    clone: Path, tmp_path: Path
) -> None:
    git(clone, "remote", "set-url", "origin", (tmp_path / "nowhere.git").as_uri())
    with pytest.raises(InventoryError) as raised:
        with_remote(clone).read("acme")
    assert not isinstance(raised.value, InventoryConflictError)
    assert raised.value.advice


def test_a_push_that_is_refused_is_an_error_and_not_a_conflict(clone: Path, tmp_path: Path) -> None:
    hook = tmp_path / "origin.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    store = with_remote(clone)
    store.read("acme")
    with pytest.raises(InventoryError, match="protected") as raised:
        store.write(owning("a"))
    assert not isinstance(raised.value, InventoryConflictError)
    assert not with_remote(clone).read("acme").exists


def test_a_push_whose_answer_was_lost_counts_once_the_remote_has_the_commit(
    clone: Path, tmp_path: Path
) -> None:
    """The remote accepts the commit and then breaks the connection."""
    receive = tmp_path / "receive"
    receive.write_text('#!/bin/sh\ngit-receive-pack "$@"\nexit 1\n')
    receive.chmod(0o755)
    git(clone, "config", "remote.origin.receivepack", str(receive))
    store = with_remote(clone)
    store.read("acme")
    store.write(owning("a"))
    assert names(with_remote(clone).read("acme")) == ["a"]


def test_no_hook_of_the_repository_runs(clone: Path, tmp_path: Path) -> None:
    """A configured hook path is code of whoever wrote the configuration, and would run with the user's credentials."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\n")
        (hooks / name).chmod(0o755)
    git(clone, "config", "core.hooksPath", str(hooks))
    local(clone).write(owning("a"))
    with_remote(clone).write(owning("a"))
    assert not list(tmp_path.glob("ran-*"))


def test_variables_of_a_running_hook_do_not_redirect_git(clone: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", other], check=True)
    environment = {
        **LAUNCHER.environment,
        "GIT_DIR": str(other / ".git"),
        "GIT_INDEX_FILE": str(other / "index"),
    }
    GitInventory(clone, "team", launcher=Launcher(environment)).write(owning("a"))
    assert REF in git(clone, "for-each-ref")
    assert not git(other, "for-each-ref")


@pytest.mark.parametrize(
    "remote",
    [
        "--upload-pack=touch pwned",
        "-oProxyCommand=x",
        "ext::sh -c touch% pwned",
        "http://git.example/x",
        "git://git.example/x",
        "ssh://-oProxyCommand=x/y",
        "ssh://%2doProxyCommand=x@git.example/y",
        "file://host/x",
        "file:relative",
        "/srv/git/x.git",
        "https://git.example/%0a",
        "https://git.example:x/y",
        "https://a b",
        "user@host:-x",
        "",
    ],
)
def test_a_url_that_the_source_refuses_is_refused_here_too(clone: Path, remote: str) -> None:
    with pytest.raises(InventoryError, match="cannot be the remote"):
        GitInventory(clone, "team", remote=remote, launcher=LAUNCHER)


def test_an_unknown_name_of_a_remote_is_not_mistaken_for_a_path(clone: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", clone / "planted"], check=True)
    with pytest.raises(InventoryError, match="has no remote 'planted'"):
        GitInventory(clone, "team", remote="planted", launcher=LAUNCHER)


def test_a_remote_that_the_configuration_turns_into_a_program_is_refused_by_git(
    clone: Path, tmp_path: Path
) -> None:
    git(clone, "remote", "set-url", "origin", f"ext::sh -c touch% {tmp_path}/pwned")
    with pytest.raises(InventoryError):
        with_remote(clone).read("acme")
    assert not (tmp_path / "pwned").exists()


def test_a_ref_written_by_something_else_is_an_error_and_is_left_as_it_is(clone: Path) -> None:
    head = git(clone, "rev-parse", "HEAD")
    git(clone, "update-ref", REF, head)
    store = local(clone)
    with pytest.raises(InventoryError, match=r"inventory\.json"):
        store.read("acme")
    with pytest.raises(InventoryConflictError):
        store.write(owning("a"))
    assert git(clone, "rev-parse", REF) == head


@BOTH
def test_a_damaged_ref_is_an_error_and_not_a_missing_record(
    clone: Path, tmp_path: Path, opened: Opening
) -> None:
    """Git only warns about it and answers as if it did not exist."""
    repository = clone / ".git" if opened is local else tmp_path / "origin.git"
    (repository / REF).parent.mkdir(parents=True)
    (repository / REF).write_text("garbage\n")
    with pytest.raises(InventoryError, match=REF):
        opened(clone).read("acme")


@BOTH
def test_no_write_is_lost_among_racing_writers(clone: Path, opened: Opening) -> None:
    def race(writer: int) -> None:
        for number in range(3):
            while True:
                store = opened(clone)
                known = names(store.read("acme"))
                try:
                    store.write(owning(*known, f"{writer}-{number}"))
                except InventoryConflictError:
                    continue
                break

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(race, range(2)))
    assert len(names(opened(clone).read("acme"))) == 6


def test_a_folder_without_a_repository_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="is not a usable Git repository") as raised:
        local(tmp_path)
    assert "inventory.file" in raised.value.advice


def test_a_folder_inside_a_repository_is_not_that_repository(clone: Path) -> None:
    """Git would find the one around it, whose refs are somebody else's."""
    (clone / "inner").mkdir()
    with pytest.raises(InventoryError, match="is not a usable Git repository"):
        local(clone / "inner")


def test_a_linked_work_tree_shares_the_record(clone: Path, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "-q", str(tmp_path / "linked"))
    local(tmp_path / "linked").write(owning("a"))
    assert names(local(clone).read("acme")) == ["a"]


def test_a_folder_may_be_relative_to_the_current_one(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clone.parent)
    local(Path("clone")).write(owning("a"))
    assert names(local(clone).read("acme")) == ["a"]


def test_credentials_of_a_remote_are_never_shown(clone: Path) -> None:
    url = "https://robot:hunter2@127.0.0.1:9/x.git"
    store = GitInventory(clone, "team", remote=url, launcher=LAUNCHER)
    with pytest.raises(InventoryError) as raised:
        store.read("acme")
    assert "hunter2" not in str(raised.value)
    assert "127.0.0.1:9" in str(raised.value)


def test_a_push_that_never_ends_is_stopped_and_the_remote_is_checked(clone: Path, tmp_path: Path) -> None:
    """The push succeeded and only its answer is missing: the record is written, and nothing else may be reported."""
    hook = tmp_path / "origin.git" / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\nsleep 60\n")
    hook.chmod(0o755)
    store = GitInventory(
        clone, "team", remote="origin", launcher=Launcher(LAUNCHER.environment, timeout_s=10)
    )
    store.read("acme")
    store.write(owning("a"))
    assert names(with_remote(clone).read("acme")) == ["a"]


def test_a_missing_git_is_reported(clone: Path) -> None:
    with pytest.raises(InventoryError, match="not installed"):
        GitInventory(clone, "team", launcher=Launcher({"PATH": "/nonexistent"}))
