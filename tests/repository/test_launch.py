"""Starting git: its deadline, its children, its output, and the transports it may use."""

import os
import time
from pathlib import Path

import pytest

from reconciler.errors import RepositoryError
from reconciler.repository.launch import MOST_ERROR_BYTES, GitError, Launcher
from tests.programs import in_front


def is_alive(pid: int) -> bool:
    """True for a running process; False for one that has ended and waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_command_that_never_ends_is_killed_with_the_processes_it_started(tmp_path: Path) -> None:
    """A transport is a child of git and would continue the transfer."""
    pids = tmp_path / "pids"
    environment = in_front(tmp_path, f"/bin/sleep 600 &\necho $$ $! > {pids}\nwait")
    started = time.monotonic()
    with pytest.raises(RepositoryError, match=r"git status did not finish within 0\.5 s"):
        Launcher(environment, timeout_s=0.5).run(["status"], folder=tmp_path)
    assert time.monotonic() - started < 30
    own, child = (int(pid) for pid in pids.read_text().split())
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        os.sched_yield()
    assert not is_alive(own)
    assert not is_alive(child)


def test_a_process_that_keeps_the_output_open_is_not_waited_for(tmp_path: Path) -> None:
    """An SSH master that waits for the next connection keeps stderr open as long as it runs."""
    environment = in_front(tmp_path, "/bin/sleep 20 &\necho answer")
    assert Launcher(environment, timeout_s=10).output(["status"], folder=tmp_path) == b"answer\n"


def test_endless_errors_are_cut_and_masked(tmp_path: Path) -> None:
    """The end is kept: it contains git's reason."""
    flood = 'head -c 30000000 /dev/zero | tr "\\0" "x" >&2\n'
    reason = "fatal: unable to access 'https://robot:hunter2@git.example/x/': refused"
    environment = in_front(tmp_path, f'{flood}echo >&2; echo "{reason}" >&2; exit 128')
    answer = Launcher(environment).run(["status"], folder=tmp_path)
    assert len(answer.errors) <= MOST_ERROR_BYTES
    assert answer.message == "unable to access 'https://***@git.example/x/': refused"
    assert "hunter2" not in answer.errors + repr(answer)


def test_a_command_that_fails_silently_is_reported_by_its_exit_code(tmp_path: Path) -> None:
    answer = Launcher(in_front(tmp_path, "exit 1")).run(["status"], folder=tmp_path)
    assert (answer.code, answer.message) == (1, "git failed")
    answer = Launcher(in_front(tmp_path, "exit 0")).run(["status"], folder=tmp_path)
    assert (answer.code, answer.message) == (0, "")


def test_a_talkative_remote_does_not_hide_the_reason(tmp_path: Path) -> None:
    environment = in_front(
        tmp_path, 'for i in $(seq 100); do echo "remote: line $i" >&2; done; echo "fatal: no" >&2; exit 1'
    )
    answer = Launcher(environment).run(["fetch"], folder=tmp_path)
    assert answer.message.startswith("remote: line 1; ")
    assert answer.message.endswith("; no")


def test_secrets_of_the_url_are_masked_where_git_repeats_them_alone(tmp_path: Path) -> None:
    environment = in_front(tmp_path, "echo 'fatal: password p@ss-word of robot refused' >&2; exit 1")
    url = "https://robot:p%40ss-word@git.example/x"
    with pytest.raises(GitError) as refused:
        Launcher(environment).output(["ls-remote"], folder=tmp_path, url=url)
    assert "p@ss-word" not in f"{refused.value}{refused.value!r}"


def test_endless_output_is_refused(tmp_path: Path) -> None:
    environment = in_front(tmp_path, "exec cat /dev/zero")
    with pytest.raises(RepositoryError, match="more than 1000000 bytes"):
        Launcher(environment).output(["status"], folder=tmp_path, most_bytes=1_000_000)


def test_large_input_and_output_are_written_and_read_at_the_same_time(tmp_path: Path) -> None:
    """Both pipes are full at once; writing everything before reading would wait forever."""
    given = os.urandom(3_000_000)
    environment = in_front(tmp_path, "exec cat")
    assert Launcher(environment).output(["x"], folder=tmp_path, given=given) == given


def test_a_command_that_reads_nothing_does_not_fail(tmp_path: Path) -> None:
    environment = in_front(tmp_path, "exec 0<&-\necho ok")
    assert Launcher(environment).output(["x"], folder=tmp_path, given=b"x" * 1_000_000) == b"ok\n"


@pytest.mark.parametrize("transport", ["ext::sh -c touch% x", "git://localhost/x", "http://localhost/x"])
def test_git_itself_knows_which_transports_are_allowed(
    tmp_path: Path, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the user's own configuration rewrites an allowed URL to another transport."""
    config = tmp_path / "config"
    config.write_text(f'[url "{transport}"]\n\tinsteadOf = https://example.invalid/x\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(GitError, match="not allowed"):
        Launcher().output(
            ["ls-remote", "reconciler-remote"], folder=tmp_path, url="https://example.invalid/x"
        )


def test_a_url_is_not_in_the_list_of_processes(tmp_path: Path) -> None:
    environment = in_front(tmp_path, 'echo "$@"')
    shown = Launcher(environment).output(
        ["ls-remote"], folder=tmp_path, url="https://u:hunter2@git.example/x"
    )
    assert b"git.example" not in shown


@pytest.mark.parametrize("verb", ["cat-file", "ls-tree", "status", "update-ref"])
def test_only_commands_for_remotes_may_use_a_transport(tmp_path: Path, verb: str) -> None:
    environment = in_front(tmp_path, 'echo "$GIT_ALLOW_PROTOCOL $GIT_NO_LAZY_FETCH"')
    assert Launcher(environment).output([verb], folder=tmp_path) == b"none 1\n"
    assert Launcher(environment).output(["fetch"], folder=tmp_path) == b"https:ssh:file 1\n"


def test_a_launcher_shows_no_variable_of_the_process() -> None:
    assert "hunter2" not in repr(Launcher({"TOKEN": "hunter2"}))
