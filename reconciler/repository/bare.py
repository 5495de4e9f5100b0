"""A bare repository that we made ourselves, driven through GitPython's commands.

Only its command layer is used (`git.Git`, what `Repo.GitCommandWrapperType` names), and every command
ends in our launcher: GitPython's own `execute` passes all of our environment on, and its deadline
does not reach the transport. Not `git.Repo`: opening one reads GIT_OBJECT_DIRECTORY, GIT_COMMON_DIR
and the configuration by itself. Never used on a folder that a user hands in, and never to move a ref
that somebody else reads. Imported late: that takes a tenth of a second and runs `git version`.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import git

from reconciler.repository.launch import MOST_OUTPUT_BYTES, Launcher


class _Launched(git.Git):
    """Commands of GitPython, run by our launcher. Asks for a process, a shell or variables are refused."""

    launcher: Launcher
    place: Path
    url: str | None
    most_bytes: int = MOST_OUTPUT_BYTES

    def execute(  # type: ignore[override]  # one signature instead of nine overloads
        self,
        command: Any,
        istream: BytesIO | None = None,
        *,
        stdout_as_string: bool = True,
        strip_newline_in_stdout: bool = True,
        **refused: Any,
    ) -> str | bytes:
        """Return what the command prints. Raises GitError and RepositoryError."""
        if refused or isinstance(command, str):
            raise TypeError(f"not launched: {', '.join(sorted(refused)) or 'a command in one text'}")
        output = self.launcher.output(
            command[1:],
            folder=self.place.parent,
            git_dir=self.place,
            url=self.url,
            given=b"" if istream is None else istream.read(),
            most_bytes=self.most_bytes,
        )
        if strip_newline_in_stdout:
            output = output.removesuffix(b"\n")
        return output.decode("utf-8", "surrogateescape") if stdout_as_string else output


class BareRepository:
    """Git on the bare repository at `place`; fulfils `reconciler.repository.commit.Command`.

    `url` is what the remote `REMOTE` is. Where there is no repository, every command fails.
    """

    def __init__(self, place: Path, launcher: Launcher, *, url: str | None = None) -> None:
        self._git = _Launched(place)
        self._git.launcher, self._git.place, self._git.url = launcher, place, url

    def __call__(self, *arguments: str, given: bytes = b"", most_bytes: int | None = None) -> bytes:
        """Run one command."""
        verb, *rest = arguments
        self._git.most_bytes = MOST_OUTPUT_BYTES if most_bytes is None else most_bytes
        run = getattr(self._git, verb.replace("-", "_"))
        output = run(*rest, istream=BytesIO(given), stdout_as_string=False, strip_newline_in_stdout=False)
        assert isinstance(output, bytes)
        return output
