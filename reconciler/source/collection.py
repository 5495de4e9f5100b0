"""Collection of the files of a tree within the limits; links are resolved only inside the tree.

Shared by folders and Git: both list paths first, so that files over a limit are never read. Links
are resolved from their text and the listing, never by the operating system, so that nothing outside
the tree is opened.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.finding import Finding, sort_findings
from reconciler.model.origin import Origin
from reconciler.model.reading_rule import concern, problem
from reconciler.model.wording import plural
from reconciler.settings import Limits
from reconciler.source.tree import Tree, is_document, is_yaml

_MOST_HOPS = 20
_RAISE = "raise the limit in `limits` of the settings, or remove files from the tree"


@dataclass(slots=True)
class Collection:
    """A tree under construction."""

    limits: Limits
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    total_bytes: int = 0
    is_full: bool = False

    def fits(self, path: str, size: int) -> bool:
        """Count a file of `size` bytes; False, with a finding or a note, if it exceeds a limit."""
        limits = self.limits
        if size > limits.max_file_bytes:
            reason = f"{size} bytes; the limit is {limits.max_file_bytes}"
            if is_yaml(path):
                self.findings.append(problem("F04", f"the file has {reason}", Origin(path), advice=_RAISE))
            else:
                self.unread[path] = reason
            return False
        if self.total_bytes + size > limits.max_total_bytes:
            if not self.is_full:
                self.is_full = True
                message = (
                    f"the files of the tree have more than {plural(limits.max_total_bytes, 'byte')} in total"
                )
                self.findings.append(problem("F04", message, Origin(path), advice=_RAISE))
            self.unread[path] = "the size limit of the tree is reached"
            return False
        self.total_bytes += size
        return True

    def bounded(self, paths: list[str]) -> list[str]:
        """Paths up to the limit; a finding reports that others were left out."""
        most = self.limits.max_files
        if len(paths) > most:
            message = (
                f"the tree has {plural(len(paths), 'file')}, the limit is {most:,}; the others were not read"
            )
            self.findings.append(problem("F04", message, Origin(paths[most]), advice=_RAISE))
        return paths[:most]

    def unreadable(self, path: str, reason: str) -> None:
        """Record a file that exists but cannot be read: a finding if it may declare something."""
        if is_document(path):
            self.findings.append(problem("F10", f"the file cannot be read: {reason}", Origin(path)))
        else:
            self.unread[path] = reason

    def closed_folder(self, path: str, reason: str) -> None:
        """Record a folder that cannot be listed: its files may declare anything."""
        self.findings.append(problem("F10", f"the folder cannot be read: {reason}", Origin(path)))

    def finish(self, location: str, revision: str, *, is_dirty: bool, uncommitted: int = 0) -> Tree:
        """The finished tree, with its links resolved."""
        for path, content in _followed(self):
            if len(self.files) >= self.limits.max_files:
                message = f"with the files behind links, the tree has more than {plural(self.limits.max_files, 'file')}"
                self.findings.append(problem("F04", message, Origin(path), advice=_RAISE))
                break
            if self.fits(path, len(content)):
                self.files[path] = content
        return Tree(
            location=location,
            revision=revision,
            is_dirty=is_dirty,
            files=dict(sorted(self.files.items())),
            findings=sort_findings(self.findings),
            unread=tuple(sorted(self.unread.items())),
            uncommitted=uncommitted,
        )


def _followed(collection: Collection) -> list[tuple[str, bytes]]:
    """Files that links point to, under the names of the links.

    A link to a folder means the files below it; links below it are not followed, so that loops end.
    """
    found: list[tuple[str, bytes]] = []
    own = dict(collection.files)
    for path, target in sorted(collection.links.items()):
        aim = _aim(path, target, collection.links)
        if isinstance(aim, _Refused):
            _refuse(collection, path, aim)
        elif aim in own:
            found.append((path, own[aim]))
        elif aim in collection.unread:
            collection.unreadable(
                path, f"the link points to {aim}, which was not read: {collection.unread[aim]}"
            )
        else:
            below = list(_below(own, aim, path))
            if not below and not _is_folder(aim, collection):
                collection.unreadable(path, "the link points to nothing in the tree")
            found.extend(below)
            if len(found) > collection.limits.max_files:
                break
    return found


def _below(files: Mapping[str, bytes], folder: str, link: str) -> Iterator[tuple[str, bytes]]:
    prefix = f"{folder}/" if folder else ""
    for path, content in files.items():
        if path.startswith(prefix) and not link.startswith(prefix):
            yield f"{link}/{path.removeprefix(prefix)}", content


def _is_folder(aim: str, collection: Collection) -> bool:
    prefix = f"{aim}/" if aim else ""
    return any(path.startswith(prefix) for group in (collection.files, collection.unread) for path in group)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a link is not followed."""

    reason: str


def _aim(path: str, target: str, links: Mapping[str, str]) -> str | _Refused:
    """Path in the tree that a link points to, with links on the way resolved; the root is ""."""
    for _ in range(_MOST_HOPS):
        if target.startswith("/"):
            return _Refused("points to an absolute path, outside the tree")
        aim = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if aim == ".." or aim.startswith("../"):
            return _Refused("points outside the tree")
        aim = "" if aim == "." else aim
        step = next((prefix for prefix in _prefixes(aim) if prefix in links), None)
        if step is None:
            return aim
        path, target = step, posixpath.join(links[step], aim[len(step) + 1 :])
    return _Refused("is part of a loop")


def _prefixes(path: str) -> Iterator[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path


def _refuse(collection: Collection, path: str, refused: _Refused) -> None:
    """Report a link that is not followed: an error if it may lead to documents, otherwise a warning."""
    message = f"the symbolic link {refused.reason}; it was not followed"
    advice = "copy the file into the tree"
    suffix = posixpath.splitext(path)[1]
    make = problem if is_document(path) or not suffix else concern
    collection.findings.append(make("F08", message, Origin(path), advice=advice))
