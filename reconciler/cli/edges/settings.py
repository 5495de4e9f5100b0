"""The effective settings and where they come from.

`find_settings` alone decides that.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from reconciler.cli.edges.trees import Trees
from reconciler.cli.regular_file import NotRegularError, content_of_file
from reconciler.cli.request import Request
from reconciler.errors import SettingsError, UsageError
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding
from reconciler.model.identity import target_of_cluster
from reconciler.model.origin import Origin
from reconciler.settings import FILE_NAME, Connection, Limits, Settings, Target
from reconciler.source.excerpt import excerpts
from reconciler.source.git import OpenedCommit
from reconciler.source.settings_file import connection_places, parse_settings

LOCAL = "local"
"""Name and organization of the single target that is used where there is no settings file."""
LOCAL_URL = "http://embedded"
_MISNAMED = ("reconciler.yml", ".reconciler.yaml", ".reconciler.yml")
_ADVICE = "`reconciler init` writes one"


@dataclass(frozen=True, slots=True)
class FoundSettings:
    """Settings, the warnings about them, and the folder to which their paths are relative."""

    settings: Settings
    warnings: tuple[Finding, ...]
    base: Path
    is_local: bool = False
    """True where there is no settings file, so that the embedded orchestrator is used."""
    excerpts: Mapping[Origin, Excerpt] = field(default_factory=dict)
    """Lines that the warnings refer to."""
    places: Mapping[tuple[str, ...], Origin] = field(default_factory=dict)
    """Places of each target's connection settings, by path."""
    is_of_base: bool = False
    """True for a preview with the settings of its base."""
    of_folder: bytes | None = field(default=None, repr=False)
    """Content of the settings file where it is part of the folder that is read; None otherwise."""


def find_settings(request: Request, trees: Trees) -> FoundSettings:
    """The effective settings, from the first of these that exists.

    `--config`; for a preview without `--own-settings`, the file of its base, because it decides where tokens are
    sent and a branch can change it (a branch whose base has none is refused); the file at the root of the tree
    that is read, from the same commit; with `--source`, the file in the directory; the built-in settings for the
    embedded orchestrator.
    Raises SettingsError, and SourceError where the tree cannot be opened.
    """
    if request.config is not None:
        return _parsed(content_of(request.config), str(request.config), request.config.parent)
    if request.against is not None and not request.uses_own_settings:
        content = trees.tip(request.against).file(FILE_NAME, Limits())
        if content is not None:
            found = _parsed(content, f"{request.against}:{FILE_NAME}", request.directory)
            return replace(found, is_of_base=True)
        _refuse_own(request, trees, request.against)
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
                f"revision {request.rev!r} has no {FILE_NAME}, but the folder has one",
                advice=f"settings and files are read from one commit; to use the folder's file: --config {path}",
            )
    if is_here:
        content = content_of(path)
        found = _parsed(content, FILE_NAME, request.directory)
        return replace(found, of_folder=content) if trees.commit is None else found
    _refuse_misplaced(request.directory)
    return FoundSettings(local_settings(), (), request.directory, is_local=True)


def _refuse_own(request: Request, trees: Trees, against: str) -> None:
    """Raise SettingsError if the change has a settings file."""
    if trees.commit is None:
        has_own = os.path.lexists(request.directory / FILE_NAME)
    else:
        has_own = trees.commit.file(FILE_NAME, Limits()) is not None
    if has_own:
        raise SettingsError(
            f"{against} has no {FILE_NAME}, and that of this change would decide where tokens are sent",
            advice="review its addresses and tokens; then merge it first, name a trusted file with --config, or use "
            "it with --own-settings",
        )


def _two_settings(path: Path, commit: OpenedCommit) -> SettingsError:
    return SettingsError(
        f"{path} and the {FILE_NAME} of {commit.location} at {commit.revision[:12]} differ",
        advice=f"choose one: --config {path}, or -C with a folder that has none",
    )


def _refuse_misplaced(directory: Path) -> None:
    """Raise SettingsError where there are settings nearby: a practice run would be mistaken for a real one."""
    for name in _MISNAMED:
        if os.path.lexists(directory / name):
            raise SettingsError(
                f"{directory / name} is not read: the settings file must be named {FILE_NAME}",
                advice=f"rename it, or use --config {name}",
            )
    for parent in directory.resolve().parents:
        if os.path.lexists(parent / FILE_NAME):
            raise SettingsError(
                f"there is no {FILE_NAME} here, but there is one in {parent}",
                advice=f"use -C {parent}; limit the run with --target or --only",
            )


def content_of(path: Path) -> bytes:
    """Content of the settings file at `path`. Raises SettingsError."""
    limit = Limits().max_file_bytes
    try:
        content = content_of_file(path, limit)
    except NotRegularError as error:
        raise SettingsError(f"the settings file {path} is not a regular file", advice=_ADVICE) from error
    except OSError as error:
        raise SettingsError(
            f"the settings file {path} cannot be read: {error.strerror}", advice=_ADVICE
        ) from error
    if len(content) > limit:
        raise SettingsError(
            f"the settings file {path} is larger than {limit} bytes",
            advice="check that it is the right file; another one is chosen with --config",
        )
    return content


def _parsed(content: bytes, name: str, base: Path) -> FoundSettings:
    """The settings from the content of a file; findings call the file `name`."""
    settings, warnings = parse_settings(content, name)
    quoted = excerpts({name: content}, (warning.origin for warning in warnings))
    return FoundSettings(
        settings, warnings, base, excerpts=quoted, places=connection_places(content, name, settings.targets)
    )


def local_settings() -> Settings:
    """Built-in settings: every file belongs to one target, in the embedded orchestrator."""
    connection = Connection(url=LOCAL_URL)
    target = Target(organization=LOCAL, orchestrator=connection, runners=connection)
    return Settings(version=1, instance=LOCAL, targets={LOCAL: target})


def check_targets(names: tuple[str, ...], settings: Settings) -> None:
    """Raise UsageError for a target that is not in the settings."""
    for name in names:
        known = [*settings.targets, *map(target_of_cluster, settings.clusters)]
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5) or [
                target_of_cluster(cluster) for cluster in get_close_matches(name, settings.clusters, n=1)
            ]
            hint = f"did you mean {near[0]}?" if near else f"targets are {', '.join(known)}"
            raise UsageError(f"there is no target {name!r} in the settings", advice=hint)
