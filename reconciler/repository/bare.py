"""A bare repository that this tool created, driven through the commands of GitPython.

Only the command layer of GitPython is used (`git.Git`, the value of `Repo.GitCommandWrapperType`), and the
launcher runs every command: GitPython's own `execute` passes on the whole environment, and its deadline
does not cover the transport. `git.Repo` is not used: opening one reads GIT_OBJECT_DIRECTORY, GIT_COMMON_DIR
and the configuration. Never used on a folder of the user, and never to move a ref that somebody else reads.
Imported late, because that takes 0.1 s and runs `git version`.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import git

from reconciler.repository.launch import MOST_OUTPUT_BYTES, Launcher


class _Launched(git.Git):
    """Commands of GitPython, run by the launcher. Requests for a process, a shell or variables are refused."""

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
        """Output of the command. Raises GitError and RepositoryError."""
        if refused or isinstance(command, str):
            raise TypeError(f"not supported: {', '.join(sorted(refused)) or 'a command as one string'}")
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
    """Git on the bare repository at `place`; implements `reconciler.repository.commit.Command`.

    `url` is the URL of the remote `REMOTE`. If there is no repository, every command fails.
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
