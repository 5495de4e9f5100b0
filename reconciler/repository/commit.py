"""The listing of a commit, and the contents of many files in one command."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from reconciler.repository.launch import GitError

_MOST_HEADER_BYTES = 200
"""Size of the line that `cat-file --batch` prints before each content."""


class Command(Protocol):
    """Git on one repository; returns its output, raises GitError and RepositoryError."""

    def __call__(self, *arguments: str, given: bytes = b"", most_bytes: int | None = None) -> bytes:
        """Run one command."""
        ...


class Entry(NamedTuple):
    """One line of the listing of a tree; the path is as Git stores it, relative to the listed folder."""

    mode: str
    object_id: str
    size: int
    path: bytes


def commit_id(git: Command, revision: str) -> str | None:
    """Full id of a commit; None if the repository has no such commit."""
    try:
        output = git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except GitError:
        return None
    return output.decode("ascii").strip()


def entries(git: Command, commit: str, prefix: bytes = b"") -> list[Entry]:
    """All files, links and submodules below the folder `prefix` of a commit."""
    folder = prefix.decode("utf-8", "surrogateescape").rstrip("/")
    treeish = f"{commit}:{folder}" if folder else commit
    return list(_parsed(git("ls-tree", "-r", "-z", "--long", "--full-tree", treeish)))


def _parsed(listing: bytes) -> Iterator[Entry]:
    """Entries parsed from NUL-separated lines of the form `mode type id size<TAB>path`."""
    for line in listing.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, _, object_id, size = facts.decode("ascii").split()
            yield Entry(mode, object_id, int(size) if size.isdecimal() else 0, path)


def contents(git: Command, wanted: Sequence[Entry]) -> list[bytes | None]:
    """Content of each entry, in order; None if it is missing from the repository."""
    if not wanted:
        return []
    asked = "".join(f"{entry.object_id}\n" for entry in wanted).encode("ascii")
    most = sum(entry.size + _MOST_HEADER_BYTES for entry in wanted)
    return list(_split(git("cat-file", "--batch", "--buffer", given=asked, most_bytes=most), len(wanted)))


def _split(output: bytes, count: int) -> Iterator[bytes | None]:
    at = 0
    for _ in range(count):
        end = output.find(b"\n", at)
        if end < 0:
            raise GitError("the repository is damaged: objects are truncated")
        facts = output[at:end].split()
        at = end + 1
        if len(facts) == 3:
            size = int(facts[2])
            yield output[at : at + size]
            at += size + 1
        else:
            yield None
