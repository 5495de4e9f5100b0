"""The page `docs/reliability.md`: what was tried, what held, and the known limits, from the results of a whole run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.invariant import INVARIANTS
from tests.faults.known import LIMITS, limit_of

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


@dataclass(frozen=True, order=True)
class Row:
    """One trial: on which side a fault happened, to what, and which invariants it broke."""

    side: str
    fault: str
    call: str
    broken: tuple[str, ...]

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Row":
        """The row in a property of a test."""
        return cls(document["side"], document["fault"], document["call"], tuple(sorted(document["broken"])))


def result(side: str, fault: str, call: str, found: Mapping[str, str]) -> dict[str, object]:
    """What the page needs of a trial, as the property of a test."""
    return {"side": side, "fault": fault, "call": call, "broken": sorted(found)}


def page(rows: Iterable[Row], source: str = "Written by `make faults` from one run of all trials.") -> str:
    """The page for these rows; `source` says where they come from."""
    found = sorted(rows)
    held = sum(not row.broken for row in found)
    return "\n".join(
        [
            "# Reliability",
            "",
            source,
            "",
            "Calls of an orchestrator and of a Kubernetes API server, files, records, Git and whole commands fail",
            "in many ways, and the same sixteen invariants are checked each time; for whole commands, the six of",
            "them that show from outside. The repository under test has two organizations, an agent with a",
            "shared key, definitions whose criteria move, literals, `!env` values and references, runners with",
            "credentials, and rules. A fault happens while a transition of all of these is applied; then it is gone,",
            "and runs follow until nothing is left to do. For Kubernetes, the transition upgrades an Agent and",
            "uninstalls a runner on a real cluster; a definition of an organization is applied beside them.",
            "",
            f"Tried: {len(found)}. Held: {held}. Known limits: {len(found) - held}.",
            "",
            "## Invariants",
            "",
            "| Invariant | Sentence |",
            "|---|---|",
            *(f"| {one.name} | {one.sentence} |" for one in INVARIANTS),
            "",
            "## Results",
            "",
            *_results(found),
            "## Known limits",
            "",
            *_limits(found),
            "",
        ]
    )


def _results(rows: list[Row]) -> Iterator[str]:
    for side in sorted({row.side for row in rows}):
        yield from (f"### {side}", "", "| Fault | Tried | Held |", "|---|---|---|")
        tried: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for row in rows:
            if row.side == side:
                tried[row.fault] += 1
                held[row.fault] += not row.broken
        for fault, count in sorted(tried.items()):
            yield f"| {fault} | {count} | {held[fault]} |"
        yield ""


def _limits(rows: list[Row]) -> Iterator[str]:
    broken = [row for row in rows if row.broken]
    if not broken:
        yield "None."
    for limit in LIMITS:
        cells = [row for row in broken if limit_of(row.fault, row.call) is limit]
        if cells:
            faults = ", ".join(sorted({f"*{row.fault}*" for row in cells}))
            calls = ", ".join(sorted({f"`{row.call}`" for row in cells}))
            shown = calls if len(cells) <= 4 else f"{len(cells)} calls"
            yield f"- {faults} ({shown}): {limit.reason}"


def write(rows: Iterable[Row]) -> None:
    """Write the page."""
    PAGE.write_text(page(rows), encoding="utf-8")
