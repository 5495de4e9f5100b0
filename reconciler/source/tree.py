"""Files of one revision, as plain values. Folders and Git both give this; the loader reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.finding import Finding

YAML_SUFFIXES = (".yaml", ".yml")
JSON_SUFFIX = ".json"
OWN_FOLDERS = frozenset((".git", ".reconciler", ".venv"))
"""Never part of a tree, at any depth."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What was read.

    `location` is a path or a URL without credentials. `revision` is a full commit id, "" for a
    folder without one; `is_dirty` is true where the folder differs from it. `files` maps paths
    below the root (`/` between parts, sorted) to content. `findings` are problems of reading,
    `unread` files that were not looked into, each with the reason.
    """

    location: str
    revision: str
    is_dirty: bool
    files: Mapping[str, bytes] = field(repr=False)
    findings: tuple[Finding, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()


def is_document(path: str) -> bool:
    """True for the names of files that may be read as documents."""
    return is_yaml(path) or is_json(path)


def is_yaml(path: str) -> bool:
    """True for the names of YAML files: all of them are documents."""
    return path.lower().endswith(YAML_SUFFIXES)


def is_json(path: str) -> bool:
    """True for the names of JSON files, most of which hold data of other programs."""
    return path.lower().endswith(JSON_SUFFIX)


def is_own(path: str) -> bool:
    """True for what is never part of a tree."""
    return not OWN_FOLDERS.isdisjoint(path.split("/"))


def display_path(path: bytes) -> str:
    """Return a path as text that can be printed: bytes that are not UTF-8 and control characters escaped."""
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
