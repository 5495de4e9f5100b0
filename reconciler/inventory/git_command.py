"""Git, started so that it never asks, never runs a hook and never speaks another transport.

Plumbing commands only, so no work tree and no index is touched. Used by `git_ref`; what the
exit codes mean is left to it.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import InventoryError

_TIMEOUT_S = 120.0
_TIMED_OUT = 124
_MESSAGE_LENGTH = 300

# These would point git at another repository, index or configuration than the one asked for;
# they are set, for one, while git runs a hook that starts us (githooks(5)).
_REDIRECTING = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_CEILING_DIRECTORIES",
        "GIT_EXTERNAL_DIFF",
        "GIT_TRACE",
        "GIT_TRACE_CURL",
        "GIT_TRACE_PACKET",
        "GIT_CURL_VERBOSE",
    }
)
_ALWAYS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GCM_INTERACTIVE": "never",
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "reconciler",
    "GIT_AUTHOR_EMAIL": "reconciler@localhost",
    "GIT_COMMITTER_NAME": "reconciler",
    "GIT_COMMITTER_EMAIL": "reconciler@localhost",
}
_OPTIONS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "fetch.recurseSubmodules=false",
    "-c",
    "transfer.fsckObjects=true",
)
_USER_INFO = re.compile(r"(?<=://)[^/@\s'\"]+@")


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said. `message` is the last telling line of its errors, without credentials."""

    code: int
    output: bytes
    message: str

    @property
    def text(self) -> str:
        """The output without surrounding white space."""
        return self.output.decode("utf-8", "replace").strip()


class GitCommand:
    """Runs git on one repository.

    `environment` is the process's own, handed in by the caller: git needs `PATH`, `HOME`, the
    SSH agent's socket and proxy settings from it. Commands get `timeout_s` seconds each. Raises
    InventoryError where git is not installed.
    """

    def __init__(
        self, git_dir: Path, *, environment: Mapping[str, str], timeout_s: float = _TIMEOUT_S
    ) -> None:
        program = shutil.which("git", path=environment.get("PATH"))
        if program is None:
            raise InventoryError(
                "git is not installed", advice="install git, or keep the inventory in a file"
            )
        self._prefix = (program, f"--git-dir={git_dir}", *_OPTIONS)
        kept = {name: value for name, value in environment.items() if name not in _REDIRECTING}
        self._environment = {**kept, **_ALWAYS}
        self._timeout_s = timeout_s

    def run(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run one git command to its end, whatever its exit code; one that hangs is killed and fails.

        Killed or failed says nothing about what a remote did before: look there.
        """
        # A session of its own: no terminal to ask on, and a Ctrl-C meant for us does not cut a push in two.
        with subprocess.Popen(  # noqa: S603  a fixed program; every name in the arguments is checked before
            [*self._prefix, *arguments],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                output, errors = process.communicate(stdin, timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                _kill(process)
                return Answer(_TIMED_OUT, b"", f"git {arguments[0]} did not end within {self._timeout_s:g} s")
            except BaseException:
                _kill(process)
                raise
        return Answer(process.returncode, output, _telling_line(errors))


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End git and the transports it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def without_credentials(text: str) -> str:
    """Remove the user part of every URL in a text.

    >>> without_credentials("https://robot:pass@git.example/x")
    'https://git.example/x'
    """
    return _USER_INFO.sub("", text)


def _telling_line(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))] or lines[-1:]
    return without_credentials("; ".join(telling))[:_MESSAGE_LENGTH]
