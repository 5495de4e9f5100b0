"""The calls of the transition, as data: one line each in `calls.txt`, recorded from an undisturbed run."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.emulator import Entry
from reconciler.orchestrator.access import SAFE_VERBS

FILE = Path(__file__).with_name("calls.txt")
_GENERATED = re.compile(r"(?<=/)(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|[0-9a-f]{16})(?=/|$)")


@dataclass(frozen=True, order=True)
class Call:
    """Verb and path; `*` in the path is an id that the server or a key generates."""

    verb: str
    path: str

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def is_read(self) -> bool:
        """True if it changes nothing."""
        return self.verb in SAFE_VERBS

    @property
    def organization(self) -> str:
        """The organization that it is for."""
        return self.path.split("/")[2]

    @property
    def pattern(self) -> str:
        """Regular expression for exactly these paths."""
        return re.escape(self.path).replace(r"\*", "[^/]+")

    @property
    def lists(self) -> bool:
        """True if the answer is a list."""
        return self.is_read and self.path.rpartition("/")[2] in _LISTS

    @property
    def pages(self) -> bool:
        """True if the list has pages, as all of v2 have."""
        return self.is_read and self.path.rpartition("/")[2] in ("runners", "runner-rules")

    @property
    def registers_key(self) -> bool:
        """True if it registers a key of an agent."""
        return self.verb == "POST" and self.path.endswith("/keys")


_LISTS = frozenset(
    (
        *("defs", "agents", "keys", "runners", "runner-rules", "secretstores", "drivers", "types", "apps"),
        *("deployments", "configmaps", "rolebindings", "pods"),
    )
)


def recorded(entries: Iterable[Entry]) -> list[Call]:
    """Distinct calls in a log, sorted: their order depends on threads."""
    return sorted({Call(entry.verb, _GENERATED.sub("*", entry.path)) for entry in entries})


@cache
def calls() -> tuple[Call, ...]:
    """The calls of the file."""
    return tuple(Call(*line.split(" ", 1)) for line in FILE.read_text().splitlines())
