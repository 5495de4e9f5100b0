"""Files of one revision, as plain values: produced from folders and from Git, read by the loader."""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.finding import Finding

YAML_SUFFIXES = (".yaml", ".yml")
JSON_SUFFIX = ".json"
OWN_FOLDERS = frozenset((".git", ".reconciler", ".venv"))
"""Never part of a tree, at any depth."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Files of one revision.

    `location` is a path or a URL without credentials. `revision` is a full commit id, "" for a
    folder without one; `is_dirty` is true if the folder differs from it. `files` maps paths
    below the root (separated by `/`, sorted) to content. `findings` are problems while reading,
    `unread` files that were not read, each with the reason.
    """

    location: str
    revision: str
    is_dirty: bool
    files: Mapping[str, bytes] = field(repr=False)
    findings: tuple[Finding, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    uncommitted: int = 0
    """Number of files that differ from `revision`."""

    def without(self, folders: Iterable[str]) -> "Tree":
        """The same tree without the files below some folders, given with `/` and relative to the root."""
        prefixes = tuple(f"{posixpath.normpath(folder)}/" for folder in folders)
        if not prefixes:
            return self
        left = {path: content for path, content in self.files.items() if not path.startswith(prefixes)}
        return replace(
            self,
            files=left,
            findings=tuple(one for one in self.findings if not one.origin.file.startswith(prefixes)),
            unread=tuple(one for one in self.unread if not one[0].startswith(prefixes)),
        )


def is_document(path: str) -> bool:
    """True for names of files that can contain documents."""
    return is_yaml(path) or is_json(path)


def is_yaml(path: str) -> bool:
    """True for names of YAML files, all of which are read as documents."""
    return path.lower().endswith(YAML_SUFFIXES)


def is_json(path: str) -> bool:
    """True for names of JSON files, most of which contain data of other programs."""
    return path.lower().endswith(JSON_SUFFIX)


def is_own(path: str) -> bool:
    """True for paths that are never part of a tree."""
    return not OWN_FOLDERS.isdisjoint(path.split("/"))


def display_path(path: bytes) -> str:
    """Printable text of a path: control characters and bytes that are not UTF-8 are escaped."""
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
