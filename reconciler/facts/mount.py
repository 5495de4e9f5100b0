"""Files from Secrets that a Deployment of an Agent mounts (Kubernetes API, Volume)."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.agent_installation import KEY_FILE, PRIVATE_KEY_FILE
from reconciler.facts.agent_manifest import AgentDeployment, environment, near, text_at
from reconciler.facts.definition import dig, items
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.json import Json, Path

_DEFAULT_MODE = 0o644


@dataclass(frozen=True, slots=True)
class MountedEntry:
    """An entry of a Secret as a file. `mode` is the effective one; `place` is its path in the pod specification."""

    file: str
    secret: str
    entry: str
    mode: int | None
    place: Path


@dataclass(frozen=True, slots=True)
class Mounts:
    """Files whose names are known, and folders that may contain others."""

    files: tuple[MountedEntry, ...]
    folders: tuple[str, ...]

    def file(self, path: str) -> MountedEntry | None:
        """The file at a path."""
        return next((file for file in self.files if file.file == path), None)

    def may_hold(self, path: str) -> bool:
        """True if a folder whose files are not known could contain the file."""
        return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in self.folders)


@dataclass(frozen=True, slots=True)
class _Source:
    """A Secret as part of a volume; `items` is None if every entry becomes a file with its name."""

    secret: str
    items: Json
    default_mode: Json
    place: Path


def mounts_of(scope: Scope, deployment: AgentDeployment) -> Mounts:
    """Everything that is mounted into the Agent's container."""
    files: list[MountedEntry] = []
    folders: list[str] = []
    volumes = dig(deployment.pod, "volumes")
    by_name = {text_at(volume, "name"): number for number, volume in enumerate(items(volumes))}
    for mount in items(dig(deployment.container, "volumeMounts")):
        at, part = text_at(mount, "mountPath"), text_at(mount, "subPath")
        number = by_name.get(text_at(mount, "name"))
        if number is None:
            continue
        for source in _sources(items(volumes)[number], ("volumes", number)):
            found = None if source is None else _files(scope, deployment, source)
            if found is None:
                folders.append(at)
                continue
            for file in found:
                if not part:
                    files.append(_at(file, posixpath.join(at, file.file)))
                elif part == file.file:
                    files.append(_at(file, at))
    return Mounts(tuple(files), tuple(folders))


def _at(file: MountedEntry, path: str) -> MountedEntry:
    return MountedEntry(posixpath.normpath(path), file.secret, file.entry, file.mode, file.place)


def _sources(volume: Json, place: Path) -> Iterator[_Source | None]:
    """Secrets of a volume; None for anything else in it."""
    secret, projected = dig(volume, "secret"), dig(volume, "projected")
    if isinstance(secret, dict):
        yield _Source(
            text_at(secret, "secretName"), secret.get("items"), secret.get("defaultMode"), (*place, "secret")
        )
    elif isinstance(projected, dict):
        for number, source in enumerate(items(projected.get("sources"))):
            held = dig(source, "secret")
            if isinstance(held, dict):
                at: Path = (*place, "projected", "sources", number, "secret")
                yield _Source(text_at(held, "name"), held.get("items"), projected.get("defaultMode"), at)
            else:
                yield None
    else:
        yield None


def _files(scope: Scope, deployment: AgentDeployment, source: _Source) -> list[MountedEntry] | None:
    """Files that a Secret becomes, named relative to the mount; None if they are not known."""
    default = _mode(source.default_mode, _DEFAULT_MODE)
    if isinstance(source.items, list):
        return [
            MountedEntry(
                text_at(item, "path"),
                source.secret,
                text_at(item, "key"),
                _mode(dig(item, "mode"), default),
                (*source.place, "items", number, "mode"),
            )
            for number, item in enumerate(source.items)
        ]
    held = secret_entries(scope, deployment, source.secret)
    if held is None:
        return None
    return [MountedEntry(name, source.secret, name, default, source.place) for name in sorted(held)]


def looked_for(scope: Scope, deployment: AgentDeployment) -> str | None:
    """Path at which the Agent looks for its key; None if something outside the tree may set it."""
    found = environment(scope, deployment)
    variable = found.variables.get(PRIVATE_KEY_FILE)
    if variable is None:
        return None if found.unread else KEY_FILE
    return None if variable.value is None or is_filled_in(variable.value) else variable.value


def secret_entries(scope: Scope, deployment: AgentDeployment, name: str) -> frozenset[str] | None:
    """Names of the entries of a Secret in the tree that the Deployment refers to, None if it does not exist."""
    manifest = near(scope, deployment.manifest, "Secret", name)
    if manifest is None:
        return None
    parts = (dig(manifest.raw, "data"), dig(manifest.raw, "stringData"))
    return frozenset(entry for part in parts if isinstance(part, dict) for entry in part)


def _mode(value: Json, default: int | None) -> int | None:
    """File mode of a value; None if it is not a number, which the API server refuses."""
    if value is None:
        return default
    return value if isinstance(value, int) else None
