"""Completion of target names and of `KIND/ID`, with bounded reading so that the shell stays responsive.

Never raises and never prints: the shell shows candidates only.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.regular_file import NotRegularError, content_of_file
from reconciler.model.kind import FACTS, WHOLE_KINDS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

MAX_FILES = 2_000
_HEAD_BYTES = 2_048
_TARGETS = re.compile(r"^targets:[^\n]*\n((?:[ \t]+[^\n]*\n?|\s*\n|#[^\n]*\n)*)", re.MULTILINE)
_NAME = re.compile(r"^( +)([A-Za-z0-9][\w.-]*):", re.MULTILINE)
_KINDS = "|".join(kind for kind in WHOLE_KINDS if FACTS[kind].has_document_id)
_KIND = re.compile(rf"^kind:[ \t]*[\"']?({_KINDS})\b", re.MULTILINE)
_ID = re.compile(
    r"^metadata:[ \t]*(?:\{[^}\n]*?id:[ \t]*|\n(?:[ \t]+[^\n]*\n)*?[ \t]+id:[ \t]*)[\"']?([\w.-]+)",
    re.MULTILINE,
)


def complete_targets(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001  click's signature
    incomplete: str,
) -> "list[CompletionItem]":
    """Target names from the settings file, which is read as text."""
    return _items(_target_names(_root(ctx)), incomplete)


def complete_objects(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001  click's signature
    incomplete: str,
) -> "list[CompletionItem]":
    """`KIND/ID` of each document in the directory whose id is near the top of its file."""
    return _items(_objects(_root(ctx)), incomplete)


def _items(words: Iterator[str], incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem  # noqa: PLC0415  only completion needs it

    return [CompletionItem(word) for word in sorted(set(words)) if word.startswith(incomplete)]


def _root(ctx: click.Context) -> Path:
    given = ctx.find_root().params.get("directory")
    return given if isinstance(given, Path) else Path()


def _target_names(root: Path) -> Iterator[str]:
    text = _head(root / "reconciler.yaml", 65_536)
    block = _TARGETS.search(text)
    if block is None:
        return
    found = [(match[1], match[2]) for match in _NAME.finditer(block[1])]
    shallowest = min((len(indent) for indent, _ in found), default=0)
    yield from (name for indent, name in found if len(indent) == shallowest)


def _objects(root: Path) -> Iterator[str]:
    seen = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.endswith((".yaml", ".yml")):
                continue
            seen += 1
            if seen > MAX_FILES:
                return
            for document in re.split(r"^---.*$", _head(Path(folder, name), _HEAD_BYTES), flags=re.MULTILINE):
                kind, identifier = _KIND.search(document), _ID.search(document)
                if kind is not None and identifier is not None:
                    yield f"{kind[1]}/{identifier[1]}"


def _head(path: Path, size_bytes: int) -> str:
    try:
        return content_of_file(path, size_bytes).decode("utf-8", "replace")
    except (OSError, NotRegularError):
        return ""
