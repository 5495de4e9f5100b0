"""Files that a user names, the width of output, and streams that cannot show every character."""

import gc
import io
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.collector import expect_loading, expect_requests
from reconciler.cli.edges.tree_paths import is_inside, real
from reconciler.cli.leaving import leave
from reconciler.cli.output import notice, signal_notice, width_of, write
from reconciler.cli.regular_file import NotRegularError, content_of_file
from reconciler.cli.stream import discard, is_refused
from reconciler.errors import ExitCode, OutputError
from reconciler.views.page import UNBOUNDED
from tests.cli.running import command_line
from tests.cli.test_session import Stream


@pytest.mark.parametrize(("size", "limit", "read"), [(0, 10, 0), (10, 10, 10), (11, 10, 11), (99, 10, 11)])
def test_a_file_is_read_up_to_one_byte_beyond_the_limit(
    tmp_path: Path, size: int, limit: int, read: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert content_of_file(path, limit) == b"x" * read


def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(NotRegularError):
        content_of_file(pipe, 10)
    with pytest.raises(NotRegularError):
        content_of_file(Path("/dev/zero"), 10)
    with pytest.raises(IsADirectoryError):
        content_of_file(tmp_path, 10)
    with pytest.raises(FileNotFoundError):
        content_of_file(tmp_path / "none", 10)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(OSError, match="No such device or address"):
            content_of_file(tmp_path / "s", 10)


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    assert content_of_file(tmp_path / "link", 10) == b"x"


@pytest.mark.parametrize(
    ("columns", "terminal", "width"),
    [
        ("200", True, 120),
        ("121", True, 120),
        ("100", True, 100),
        ("41", True, 41),
        ("40", True, 40),
        ("10", True, 40),
        ("200", False, 200),
        ("10", False, 40),
        ("", False, UNBOUNDED),
        ("wide", False, UNBOUNDED),
    ],
)
def test_the_width_is_that_of_the_terminal_within_bounds_and_elsewhere_that_of_the_variable_or_none(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width_of(Stream(terminal=terminal)) == width


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "a → b … · é\n"),
        ("ascii", "a -> b ... - \\xe9\n"),
        ("latin-1", "a -> b ... · é\n"),
    ],
)
def test_a_stream_gets_what_its_encoding_can_show(encoding: str, shown: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    write(stream, "a → b … · é\n")
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    text = written.getvalue().decode(encoding)
    assert text == (shown if encoding != "latin-1" else "a -> b ... - é\n")


def test_a_notice_is_one_paragraph_of_at_most_80_columns_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    notice("word " * 40)
    shown = capsys.readouterr()
    lines = shown.err.rstrip("\n").split("\n")
    assert shown.out == ""
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80
    assert all(line.startswith("  word") for line in lines[1:])


def test_a_notice_of_a_signal_goes_past_the_buffer(capfd: pytest.CaptureFixture[str]) -> None:
    signal_notice("stopping")
    assert capfd.readouterr().err == "stopping\n"


class Broken(io.StringIO):
    """A stream that fails at every attempt to write."""

    def __init__(self, error: OSError, number: int) -> None:
        super().__init__()
        self._error = error
        self._number = number

    def flush(self) -> None:
        raise self._error

    def fileno(self) -> int:
        return self._number


def test_a_reader_that_has_gone_is_no_error_and_a_full_disk_is_one(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as stream:
        write(Broken(BrokenPipeError(), stream.fileno()), "text")
        with pytest.raises(OutputError, match="cannot be written: No space left"):
            write(Broken(OSError(28, "No space left on device"), stream.fileno()), "text")


def test_after_discarding_nothing_more_reaches_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("w") as stream:
        stream.write("before")
        stream.flush()
        stream.write("buffered")
        discard(stream)
        stream.write("after")
    assert path.read_text() == "before"


def test_a_stream_is_refused_while_its_buffer_cannot_be_written(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        assert not is_refused(stream)
        assert is_refused(Broken(OSError(28, "full"), stream.fileno()))


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("tree/a", True),
        ("tree", True),
        ("tree/../tree/a", True),
        ("outside/link/a", True),
        ("tree/out", True),
        ("tree/../outside/a", False),
        ("tree-2/a", False),
        ("outside/a", False),
    ],
)
def test_a_path_is_inside_before_or_after_links_are_followed(
    tmp_path: Path, path: str, *, inside: bool
) -> None:
    for name in ("tree", "outside", "tree-2"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "link").symlink_to(tmp_path / "tree")
    (tmp_path / "tree" / "out").symlink_to(tmp_path / "outside" / "a")
    assert is_inside(tmp_path / "tree", tmp_path / path) is inside


def test_a_tree_that_is_itself_a_link_holds_the_same_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "tree").symlink_to("real")
    assert is_inside(tmp_path / "tree", tmp_path / "real" / "a")
    assert is_inside(tmp_path / "tree", tmp_path / "tree" / "a")
    assert real(tmp_path / "tree" / "a") == tmp_path / "real" / "a"
    monkeypatch.chdir(tmp_path)
    assert is_inside(Path("tree"), Path("real/a"))
    assert not is_inside(Path("tree"), Path("a"), Path("b"))
    assert is_inside(Path("tree"), Path("a"), Path("tree/b"))


def test_garbage_is_collected_rarely_while_loading_and_more_often_while_applying() -> None:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        expect_loading()
        loading = gc.get_threshold()[0]
        expect_requests()
        applying = gc.get_threshold()[0]
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
    assert loading > 1_100_000
    assert 700 < applying < loading


def test_a_thread_that_still_runs_or_an_exit_with_a_message_gets_the_normal_exit() -> None:
    with pytest.raises(SystemExit) as caught:
        leave(SystemExit("a message"))
    assert caught.value.code == "a message"


@pytest.mark.parametrize(
    ("code", "status"), [("None", 0), ("0", 0), ("64", 64), ("'words'", 1)], ids=["none", "0", "64", "words"]
)
def test_leaving_writes_what_is_buffered_and_keeps_the_code(code: str, status: int) -> None:
    script = (
        "import sys\nfrom reconciler.cli.leaving import leave\n"
        f"sys.stdout.write('buffered'); leave(SystemExit({code}))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (status, "buffered")


def test_leaving_waits_for_a_thread_that_is_not_a_daemon() -> None:
    script = (
        "import threading, time\nfrom reconciler.cli.leaving import leave\n"
        "threading.Thread(target=lambda: (time.sleep(0.3), print('finished'))).start()\n"
        "leave(SystemExit(3))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (3, "finished\n")


def test_the_output_of_a_process_with_another_encoding_has_no_traceback(tree: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = subprocess.run(command_line(tree, "plan"), capture_output=True, check=False, env=environment)
    assert ended.returncode == ExitCode.DONE
    assert ended.stdout.isascii()
    assert b" - no commit" in ended.stdout
    assert b"Traceback" not in ended.stderr
