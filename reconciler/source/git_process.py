"""Running git: which transports it may use, what it inherits, how long it may take.

Git is run as a program and not through GitPython: a deadline has to reach the transport that git
starts, and the variables by which a surrounding git (a hook, an alias) points at its own
repository must not be passed on; GitPython can do neither.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.errors import SourceError

TIMEOUT_S = 120.0
"""Of one git command, transfers included: a shallow fetch of a configuration repository takes seconds."""

_PASSED_ON = re.compile(
    r"GIT_(?:ASKPASS|SSH|SSH_VARIANT|SSL_\w+|HTTP_\w+|CEILING_DIRECTORIES|EXEC_PATH|CONFIG_GLOBAL"
    r"|CONFIG_SYSTEM|CONFIG_NOSYSTEM)"
)
_SETTINGS = {
    "protocol.ext.allow": "never",
    "core.hooksPath": os.devnull,
    # runs a program of the repository's choice when the folder is listed
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.interactive": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
    "init.defaultBranch": "main",
}
_CREDENTIALS = re.compile(r"([a-zA-Z][\w+.-]{0,20}://)[^/\s']*@")
_SHOWN_CHARACTERS = 300
_MOST_ERROR_BYTES = 65_536
"""Of what git says; a remote may say as much as it likes."""
NETWORK = "https:ssh:file"
"""Transports for remotes."""
NO_NETWORK = "none"
"""For commands that read a repository at hand: a partial clone must not fetch what it lacks."""


class GitError(Exception):
    """Git ended with an error. `text` is the gist of what it said, without credentials."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def run_git(
    arguments: Sequence[str],
    *,
    folder: Path,
    transports: str = NO_NETWORK,
    settings: Mapping[str, str] | None = None,
    given: bytes = b"",
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """Run git in `folder` and return what it prints.

    `settings` are passed as configuration in the environment, where they cannot be taken for
    options. Raises GitError where git fails, SourceError where it is missing, takes too long, or
    does not trust the folder.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  arguments are ours or checked, no shell
            ["git", "--no-optional-locks", "--no-pager", *arguments],  # noqa: S607  found as the user finds it
            cwd=folder,
            env=_environment(transports, settings or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise SourceError(f"there is no folder {folder}", advice="check the path") from error
        raise SourceError("git cannot be run", advice="install git, version 2.36 or later") from error
    with process:
        try:
            output, errors = process.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise SourceError(
                f"git {arguments[0]} did not finish within {timeout_s:.0f} s",
                advice="check the network, and try again",
            ) from error
        finally:
            if process.poll() is None:
                # the transport is a child of its own and would keep the pipes open
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise _failure(errors[:_MOST_ERROR_BYTES].decode("utf-8", "replace"), folder)
    return output


def _environment(transports: str, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or _PASSED_ON.fullmatch(name)
    }
    pairs = [*_own_configuration(), *_SETTINGS.items(), *settings.items()]
    environment = {
        **inherited,
        "LC_ALL": "C",
        "LANGUAGE": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": f"{os.environ.get('GIT_SSH_COMMAND', 'ssh')} -oBatchMode=yes",
        "GIT_ALLOW_PROTOCOL": transports,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_COUNT": str(len(pairs)),
    }
    for index, (name, value) in enumerate(pairs):
        environment[f"GIT_CONFIG_KEY_{index}"] = name
        environment[f"GIT_CONFIG_VALUE_{index}"] = value
    return environment


def _own_configuration() -> list[tuple[str, str]]:
    """Configuration that the user already passes in the environment; CI systems give credentials so."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    found = []
    for index in range(min(int(count), 1000) if count.isdecimal() else 0):
        name = os.environ.get(f"GIT_CONFIG_KEY_{index}")
        value = os.environ.get(f"GIT_CONFIG_VALUE_{index}")
        if name is not None and value is not None:
            found.append((name, value))
    return found


def _failure(errors: str, folder: Path) -> GitError | SourceError:
    if "dubious ownership" in errors:
        return SourceError(
            f"{folder} belongs to another user, so git does not read it",
            advice=f"if you trust it: git config --global --add safe.directory {folder}",
        )
    return GitError(_gist(without_credentials(errors)))


def _gist(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ERROR:"))] or lines
    text = "; ".join(dict.fromkeys(line.removeprefix("fatal: ") for line in telling)) or "git failed"
    return "".join(c if c.isprintable() else " " for c in text)[:_SHOWN_CHARACTERS]


def without_credentials(text: str) -> str:
    """Return the text with what stands before `@` in URLs masked."""
    return _CREDENTIALS.sub(r"\1***@", text)
