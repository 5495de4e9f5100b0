"""Runs one git command to its end, in a session of its own, with a deadline and limited output.

In a session of its own, git has no terminal to prompt on, Ctrl-C does not interrupt a push, and the
transports that git starts can be ended with it. The caller interprets the exit code.
"""

import os
import selectors
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import NoReturn

from reconciler.errors import RepositoryError
from reconciler.model.url import hide
from reconciler.repository.credential import helping, separated
from reconciler.repository.environment import NETWORK, NO_NETWORK, environment_of_git
from reconciler.repository.folder import check_plain

TIMEOUT_S = 120.0
"""For one git command, including transfers: a shallow fetch of a configuration repository takes seconds."""
MOST_OUTPUT_BYTES = 256 * 1024 * 1024
"""Default for a command: enough for the listing of a million files."""
MOST_ERROR_BYTES = 65_536
"""Limit on the stderr of git, to which a remote can add any amount. The end is kept: it contains git's reason."""
REMOTE = "reconciler-remote"
"""Name of the remote for the `url` of a command. No clone has a remote with this name."""
NOT_INSTALLED = "git cannot be run: it is not installed"
INSTALL = "install git, version 2.36 or later"
REACHING = frozenset(("ls-remote", "fetch", "push"))
"""The only commands that can use a transport."""
_SHOWN_CHARACTERS = 300
_MOST_REMOTE_LINES = 4
_CHUNK_BYTES = 65_536
_LOOK_EVERY_S = 0.1
"""How soon the end of git is noticed if a process that it started keeps its output open."""


class GitError(Exception):
    """Git ended with an error. `text` is the essence of its error output, without credentials."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a command. `errors` is its stderr, `message` the essence of it, both without credentials."""

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
    """Runs git with the allowed part of `environment`, that of the process. Each command gets `timeout_s` seconds."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    timeout_s: float = TIMEOUT_S

    def output(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        git_dir: Path | None = None,
        url: str | None = None,
        settings: Iterable[tuple[str, str]] = (),
        given: bytes = b"",
        most_bytes: int = MOST_OUTPUT_BYTES,
    ) -> bytes:
        """Output of a command. Raises GitError if it fails, and the errors of `run`."""
        answer = self.run(
            arguments,
            folder=folder,
            git_dir=git_dir,
            url=url,
            settings=settings,
            given=given,
            most_bytes=most_bytes,
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
        objects: Path | None = None,
        url: str | None = None,
        settings: Iterable[tuple[str, str]] = (),
        given: bytes = b"",
        most_bytes: int = MOST_OUTPUT_BYTES,
    ) -> Answer:
        """Run one git command to its end, whatever its exit code.

        Git looks for its repository in `folder`, unless `git_dir` names one; `objects` is the folder of the
        objects if it is elsewhere. `url` is the URL of the remote `REMOTE`; its credentials are in no argument.
        Raises RepositoryError if git is not installed, takes too long, prints too much or does not trust the
        folder, or if one of its files is a pipe or a device.
        """
        check_plain(folder, git_dir)
        plain_url, login = (None, None) if url is None else separated(url)
        wanted = [*settings, *([] if plain_url is None else [(f"remote.{REMOTE}.url", plain_url)])]
        is_reaching = arguments[0] in REACHING
        with helping(login if is_reaching else None) as help_:
            environment = environment_of_git(
                self.environment,
                (*wanted, *help_.settings),
                transports=NETWORK if is_reaching else NO_NETWORK,
            )
            if git_dir is not None:
                environment["GIT_DIR"] = str(git_dir.absolute())
            if objects is not None:
                environment["GIT_OBJECT_DIRECTORY"] = str(objects.absolute())
            code, output, errors = self._ended(
                arguments,
                folder,
                environment,
                descriptors=help_.descriptors,
                given=given,
                most_bytes=most_bytes,
            )
        said = errors.decode("utf-8", "replace")
        if code and "dubious ownership" in said:
            raise RepositoryError(
                f"{folder} belongs to another user, so git refuses to read it",
                advice=f"if you trust it, run: git config --global --add safe.directory {folder}",
            )
        said = hide(said, url or "")
        message = _gist(said) or ("git failed" if code else "")
        return Answer(code, output, message, said)

    def _ended(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        descriptors: Sequence[int],
        given: bytes,
        most_bytes: int,
    ) -> tuple[int, bytes, bytes]:
        """Exit code, output and errors of git, run to its end or killed with its children."""
        try:
            process = subprocess.Popen(  # noqa: S603  no shell; user input was checked before
                ["git", "--no-pager", *arguments],  # noqa: S607  the git in the user's PATH
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=descriptors,
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            _raise_unstarted(folder, error)
        with process:
            try:
                output, errors = _exchange(process, given, arguments[0], self.timeout_s, most_bytes)
                return process.returncode, output, errors
            finally:
                if process.poll() is None:
                    # The transport is a separate child process that would continue and keep the pipes open.
                    os.killpg(process.pid, signal.SIGKILL)


def _raise_unstarted(folder: Path, error: OSError) -> NoReturn:
    if not folder.is_dir():
        raise RepositoryError(f"there is no folder {folder}", advice="check the path") from error
    if isinstance(error, PermissionError) and not os.access(folder, os.X_OK):
        raise RepositoryError(f"no permission to enter {folder}", advice="check its permissions") from error
    raise RepositoryError(NOT_INSTALLED, advice=INSTALL) from error


def _exchange(
    process: "subprocess.Popen[bytes]", given: bytes, verb: str, timeout_s: float, most_bytes: int
) -> tuple[bytes, bytes]:
    """Write to and read from the process until it ends; return its output and the end of its stderr."""
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
                    advice="remove files from the repository, or name a folder in it",
                )
    try:
        process.wait(max(0.0, until - monotonic()))
    except subprocess.TimeoutExpired:
        _raise_late(verb, timeout_s)
    return bytes(output), bytes(errors)


def _raise_late(verb: str, timeout_s: float) -> NoReturn:
    raise RepositoryError(
        f"git {verb} did not finish within {timeout_s:g} s", advice="check the network and try again"
    )


def _written(descriptor: int, rest: memoryview) -> memoryview:
    """The rest after writing as much as fits; empty if the reader closed the pipe."""
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
