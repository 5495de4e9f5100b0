"""Which settings are in force, and where they come from.

`find_settings` is the only place that decides it.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from reconciler.cli.edges.trees import Trees
from reconciler.cli.request import Request
from reconciler.errors import SettingsError, UsageError
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding
from reconciler.model.origin import Origin
from reconciler.settings import FILE_NAME, Connection, Limits, Settings, Target
from reconciler.source.excerpt import excerpts
from reconciler.source.git import OpenedCommit
from reconciler.source.settings_file import connection_places, parse_settings

LOCAL = "local"
"""Name and organization of the only target where there is no settings file."""
LOCAL_URL = "http://embedded"
_MISNAMED = ("reconciler.yml", ".reconciler.yaml", ".reconciler.yml")
_ADVICE = "`reconciler init` writes them"


@dataclass(frozen=True, slots=True)
class FoundSettings:
    """Settings, the warnings about them, and the folder that paths in them are relative to."""

    settings: Settings
    warnings: tuple[Finding, ...]
    base: Path
    is_local: bool = False
    """True where the embedded orchestrator is used, because there is no settings file."""
    excerpts: Mapping[Origin, Excerpt] = field(default_factory=dict)
    """Lines that the warnings point at."""
    places: Mapping[tuple[str, ...], Origin] = field(default_factory=dict)
    """Lines of what connects each target, by path."""
    of_folder: bytes | None = field(default=None, repr=False)
    """The file as it was read, where it is part of a folder that is read as it is."""


def find_settings(request: Request, trees: Trees) -> FoundSettings:
    """The settings in force.

    `--config`; else, for a preview, the file of its base: it says where tokens are sent, and a branch may
    change it; else the file at the root of the tree that is read, of the same commit; else, with `--source`,
    the one in the directory; else the built-in settings for the embedded orchestrator.
    Raises SettingsError, and SourceError where the tree cannot be opened.
    """
    if request.config is not None:
        return _parsed(content_of(request.config), str(request.config), request.config.parent)
    if request.against is not None:
        content = trees.tip(request.against).file(FILE_NAME, Limits())
        if content is not None:
            return _parsed(content, f"{request.against}:{FILE_NAME}", request.directory)
    path = request.directory / FILE_NAME
    is_here = os.path.lexists(path)
    if trees.commit is not None:
        content = trees.commit.file(FILE_NAME, Limits())
        if content is not None:
            if request.url is not None and is_here and content_of(path) != content:
                raise _two_settings(path, trees.commit)
            return _parsed(content, FILE_NAME, request.directory)
        if request.rev is not None and is_here:
            raise SettingsError(
                f"revision {request.rev!r} has no {FILE_NAME}, and the folder has one",
                advice=f"settings and files are read from one commit; to use the folder's: --config {path}",
            )
    if is_here:
        content = content_of(path)
        found = _parsed(content, FILE_NAME, request.directory)
        return replace(found, of_folder=content) if trees.commit is None else found
    _refuse_misplaced(request.directory)
    return FoundSettings(local_settings(), (), request.directory, is_local=True)


def _two_settings(path: Path, commit: OpenedCommit) -> SettingsError:
    return SettingsError(
        f"{path} and the {FILE_NAME} of {commit.location} at {commit.revision[:12]} differ",
        advice=f"say which one holds: --config {path}, or -C with a folder that has none",
    )


def _refuse_misplaced(directory: Path) -> None:
    """Raise SettingsError where settings are nearby: practising silently would look like an apply."""
    for name in _MISNAMED:
        if os.path.lexists(directory / name):
            raise SettingsError(
                f"{directory / name} is not read: settings are called {FILE_NAME}",
                advice=f"rename it, or give it with --config {name}",
            )
    for parent in directory.resolve().parents:
        if os.path.lexists(parent / FILE_NAME):
            raise SettingsError(
                f"there is no {FILE_NAME} here, and one in {parent}",
                advice=f"work there (-C {parent}); limit the run with --target or --only",
            )


def content_of(path: Path) -> bytes:
    """What the file at `path` holds. Raises SettingsError."""
    limit = Limits().max_file_bytes
    try:
        # A pipe or a device could make reading wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise SettingsError(f"the settings {path} are no plain file", advice=_ADVICE)
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise SettingsError(
            f"the settings {path} cannot be read: {error.strerror}", advice=_ADVICE
        ) from error
    if len(content) > limit:
        raise SettingsError(f"the settings {path} are larger than {limit} bytes")
    return content


def _parsed(content: bytes, name: str, base: Path) -> FoundSettings:
    """Read the content of a file that findings call `name`."""
    settings, warnings = parse_settings(content, name)
    quoted = excerpts({name: content}, (warning.origin for warning in warnings))
    return FoundSettings(
        settings, warnings, base, excerpts=quoted, places=connection_places(content, name, settings.targets)
    )


def local_settings() -> Settings:
    """One target, one organization, every file, kept in process."""
    connection = Connection(url=LOCAL_URL)
    target = Target(organization=LOCAL, orchestrator=connection, runners=connection)
    return Settings(version=1, instance=LOCAL, targets={LOCAL: target})


def check_targets(names: tuple[str, ...], settings: Settings) -> None:
    """Raise UsageError for a target that is not in the settings."""
    for name in names:
        if name not in settings.targets:
            near = get_close_matches(name, settings.targets, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(settings.targets)}"
            raise UsageError(f"there is no target {name!r} in the settings", advice=hint)
