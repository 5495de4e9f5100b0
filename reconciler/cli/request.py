"""The request that a command line makes of a pass, from the global options and those of the command."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import click

from reconciler.cli.session import Session
from reconciler.orchestrator.waiting import Waits
from reconciler.passes.result import Purpose
from reconciler.plan.selection import Selection


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `environment` is that of the process.

    The files come from `url` at `ref`, from the local repository at `rev`, or from the directory.
    `against` is the base of a preview; with `uses_own_settings`, its settings are not used.
    """

    purpose: Purpose
    directory: Path
    config: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    rev: str | None = None
    url: str | None = field(default=None, repr=False)
    ref: str | None = None
    against: str | None = None
    uses_own_settings: bool = False
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rotate: frozenset[str] = frozenset()
    """Owners that get a new key, such as `Agent/eu-1`."""
    revoke: tuple[tuple[str, str], ...] = ()
    """Owners with fingerprints of keys that they must not use any more."""
    files: tuple[str, ...] = ()
    """Below the directory, separated by `/`; "" is the directory itself."""
    concurrency: int | None = None
    saves_plan: bool = False
    """True where the plan is saved for a later apply."""
    examines: bool = False
    """True for `doctor`, which reports missing tokens instead of ending with them."""

    tries_on_clusters: bool = False
    """True where clusters are asked what would become of each object (`--cluster-diff=server`)."""
    arguments: tuple[str, ...] = field(default=(), repr=False)
    """The command line, without the program's name."""
    waits: Waits = field(default_factory=Waits, repr=False, compare=False)
    """What the clients of this run are waiting for."""
    stop: Event | None = field(default=None, repr=False, compare=False)
    """Set when the run is to end: it ends the pauses between attempts."""

    def line_with(self, option: str) -> str:
        """The command line with one more option, quoted for a shell; "" where it could contain a secret."""
        from reconciler.log import redact  # noqa: PLC0415  help and completion need no logging

        line = shlex.join(("reconciler", *self.arguments, option))
        return line if redact(line) == line else ""

    @property
    def writes(self) -> bool:
        """True where the pass may change live objects."""
        return self.purpose is Purpose.APPLY

    @property
    def selection(self) -> Selection:
        """The selected targets and objects."""
        return Selection(
            frozenset(self.targets), frozenset(self.only), frozenset(self.files), self.rotate, self.revoke
        )


def request(
    session: Session,
    purpose: Purpose,
    *,
    rev: str | None = None,
    url: str | None = None,
    ref: str | None = None,
    against: str | None = None,
    uses_own_settings: bool = False,
    targets: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    files: tuple[Path, ...] = (),
    concurrency: int | None = None,
    saves_plan: bool = False,
    tries_on_clusters: bool = False,
) -> Request:
    """The request of a session and the options of a command. Raises click.UsageError where options conflict."""
    if url is not None and rev is not None:
        raise click.UsageError("--rev is a revision of the local repository; with --source use --ref")
    if ref is not None and url is None:
        raise click.UsageError("--ref needs --source; for the local repository use --rev")
    if against is not None and url is not None:
        raise click.UsageError("--against needs a local repository; clone it first")
    if tries_on_clusters and saves_plan:
        raise click.UsageError(
            "--cluster-diff=server shows what an apply does not compare, so it cannot be saved; leave out one of them"
        )
    if uses_own_settings and against is None:
        raise click.UsageError(
            "--own-settings belongs to --against; without it, these settings are used anyway"
        )
    if uses_own_settings and session.config is not None:
        raise click.UsageError("--own-settings and --config both choose the settings; use one of them")
    return Request(
        purpose,
        session.directory,
        session.config,
        session.environment,
        rev=rev,
        url=url,
        ref=ref,
        against=against,
        uses_own_settings=uses_own_settings,
        targets=targets,
        only=only,
        files=tuple(_below(path, session.directory, is_folder=rev is None and url is None) for path in files),
        concurrency=concurrency,
        saves_plan=saves_plan,
        tries_on_clusters=tries_on_clusters,
        arguments=session.arguments,
    )


def _below(path: Path, directory: Path, *, is_folder: bool) -> str:
    """The path relative to the directory, as the tree names it. Raises click.UsageError outside of it.

    Of a revision or a remote repository, the path is one in that tree.
    """
    if not is_folder:
        return "" if path == Path() else path.as_posix().removesuffix("/")
    root = directory.resolve()
    # Links are files of the tree under their own names, so the last part is not followed.
    whole = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    if not whole.is_relative_to(root):
        raise click.UsageError(f"-f {path} is not in {directory}; use `reconciler -C DIR` for another folder")
    relative = whole.relative_to(root).as_posix()
    return "" if relative == "." else relative
