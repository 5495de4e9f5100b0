"""Git, run: one command to its end, in a session of its own, with a deadline and bounded output.

A session, so that git has no terminal to ask on, a Ctrl-C meant for us does not cut a push in two,
and the transports that it starts end with it. What an exit code means is left to the caller.
"""

import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import NoReturn

from reconciler.errors import RepositoryError
from reconciler.model.url import hide
from reconciler.repository.environment import NETWORK, NO_NETWORK, environment_of_git
from reconciler.repository.folder import check_plain

TIMEOUT_S = 120.0
"""Of one git command, transfers included: a shallow fetch of a configuration repository takes seconds."""
MOST_OUTPUT_BYTES = 256 * 1024 * 1024
"""Of a command that does not say otherwise: the listing of a million files fits."""
MOST_ERROR_BYTES = 65_536
"""Of what git says; a remote may say as much as it likes. The end is kept: there git gives the reason."""
REMOTE = "reconciler-remote"
"""Name by which a command refers to the `url` it was given. No clone has a remote of that name."""
NOT_INSTALLED = "git cannot be run: it is not installed"
INSTALL = "install git, version 2.36 or later"
_REACHING = frozenset(("ls-remote", "fetch", "push"))
"""The only commands that may use a transport."""
_SHOWN_CHARACTERS = 300
_MOST_REMOTE_LINES = 4
_CHUNK_BYTES = 65_536
_LOOK_EVERY_S = 0.1
"""How soon the end of git is noticed where something it started keeps its output open."""


class GitError(Exception):
    """Git ended with an error. `text` is the gist of what it said, without credentials."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended. `errors` is what it said on stderr, `message` the gist of it, without credentials."""

    code: int
    output: bytes = field(repr=False)
    message: str
    errors: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The output without surrounding white space."""
        return self.output.decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True)
class Launcher:
    """Runs git with what `environment`, that of the process, allows. Commands get `timeout_s` seconds each."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    timeout_s: float = TIMEOUT_S

    def output(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        git_dir: Path | None = None,
        url: str | None = None,
        given: bytes = b"",
        most_bytes: int = MOST_OUTPUT_BYTES,
    ) -> bytes:
        """Return what a command prints. Raises GitError where it fails, and as `run`."""
        answer = self.run(
            arguments, folder=folder, git_dir=git_dir, url=url, given=given, most_bytes=most_bytes
        )
        if answer.code:
            raise GitError(answer.message)
        return answer.output

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        git_dir: Path | None = None,
        url: str | None = None,
        settings: Mapping[str, str] | None = None,
        given: bytes = b"",
        most_bytes: int = MOST_OUTPUT_BYTES,
    ) -> Answer:
        """Run one git command to its end, whatever its exit code.

        `folder` is where git looks for its repository, unless `git_dir` says which. `url` is what
        the remote `REMOTE` is. Raises RepositoryError where git is missing, takes too long,
        says too much, does not trust the folder, or would wait for a pipe in it.
        """
        check_plain(folder, git_dir)
        wanted = dict(settings or {})
        if url is not None:
            wanted[f"remote.{REMOTE}.url"] = url
        environment = environment_of_git(
            self.environment, wanted, transports=NETWORK if arguments[0] in _REACHING else NO_NETWORK
        )
        if git_dir is not None:
            environment["GIT_DIR"] = str(git_dir.absolute())
        try:
            process = subprocess.Popen(  # noqa: S603  no shell; what comes from users was checked before
                ["git", "--no-pager", *arguments],  # noqa: S607  found as the user finds it
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            _raise_unstarted(folder, error)
        with process:
            try:
                output, errors = _exchange(process, given, arguments[0], self.timeout_s, most_bytes)
            finally:
                if process.poll() is None:
                    # The transport is a child of its own, and would go on and keep the pipes open.
                    os.killpg(process.pid, signal.SIGKILL)
        said = errors.decode("utf-8", "replace")
        if process.returncode and "dubious ownership" in said:
            raise RepositoryError(
                f"{folder} belongs to another user, so git does not read it",
                advice=f"if you trust it: git config --global --add safe.directory {folder}",
            )
        said = hide(said, url or "")
        message = _gist(said) or ("git failed" if process.returncode else "")
        return Answer(process.returncode, output, message, said)


def _raise_unstarted(folder: Path, error: OSError) -> NoReturn:
    if not folder.is_dir():
        raise RepositoryError(f"there is no folder {folder}", advice="check the path") from error
    if isinstance(error, PermissionError) and not os.access(folder, os.X_OK):
        raise RepositoryError(f"{folder} may not be entered", advice="check its permissions") from error
    raise RepositoryError(NOT_INSTALLED, advice=INSTALL) from error


def _exchange(
    process: "subprocess.Popen[bytes]", given: bytes, verb: str, timeout_s: float, most_bytes: int
) -> tuple[bytes, bytes]:
    """Feed and read the process until it ended; its output, and the end of what it said on stderr."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    until = monotonic() + timeout_s
    output, errors = bytearray(), bytearray()
    rest = memoryview(given)
    with selectors.DefaultSelector() as selector:
        for stream, event, gathered in (
            (process.stdin, selectors.EVENT_WRITE, None),
            (process.stdout, selectors.EVENT_READ, output),
            (process.stderr, selectors.EVENT_READ, errors),
        ):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, event, (stream, gathered))
        while selector.get_map():
            left_s = until - monotonic()
            if left_s <= 0:
                _raise_late(verb, timeout_s)
            ready = selector.select(min(left_s, _LOOK_EVERY_S))
            if not ready and process.poll() is not None:
                break
            for key, _ in ready:
                stream, gathered = key.data
                if gathered is None:
                    rest = _written(key.fd, rest)
                    is_over = not rest
                else:
                    chunk = os.read(key.fd, _CHUNK_BYTES)
                    gathered.extend(chunk)
                    is_over = not chunk
                if is_over:
                    selector.unregister(stream)
                    stream.close()
            del errors[:-MOST_ERROR_BYTES]
            if len(output) > most_bytes:
                raise RepositoryError(
                    f"git {verb} printed more than {most_bytes} bytes",
                    advice="take files out of the repository, or name a folder of it",
                )
    try:
        process.wait(max(0.0, until - monotonic()))
    except subprocess.TimeoutExpired:
        _raise_late(verb, timeout_s)
    return bytes(output), bytes(errors)


def _raise_late(verb: str, timeout_s: float) -> NoReturn:
    raise RepositoryError(
        f"git {verb} did not finish within {timeout_s:g} s", advice="check the network, and try again"
    )


def _written(descriptor: int, rest: memoryview) -> memoryview:
    """What is left after writing as much as fits; nothing where the reader went away."""
    try:
        return rest[os.write(descriptor, rest[:_CHUNK_BYTES]) :]
    except BrokenPipeError:
        return rest[:0]


def _gist(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    remote = [line for line in lines if line.startswith("remote:")]
    left_out = set(remote[_MOST_REMOTE_LINES:])
    telling = [
        line
        for line in lines
        if line.startswith(("fatal:", "error:", "remote:", "ERROR:")) and line not in left_out
    ]
    text = "; ".join(dict.fromkeys(line.removeprefix("fatal: ") for line in telling or lines))
    return "".join(c if c.isprintable() else " " for c in text)[:_SHOWN_CHARACTERS]
