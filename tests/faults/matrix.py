"""Which fault is tried at which call: in the whole matrix, and in the slice of it that is always run.

The whole takes every fault to the calls that differ most, and the faults that differ most to every call.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.faults.call import Call, calls
from tests.faults.fault import HTTP_FAULTS, Fault

_TELLING_CALLS = (
    "GET /orgs/acme/resources/defs",
    "GET /orgs/acme/resources/defs/new",
    "GET /orgs/acme/resources/defs/old",
    "GET /orgs/acme/agents/eu/keys",
    "GET /orgs/acme/runners",
    "POST /orgs/acme/resources/defs",
    "PUT /orgs/acme/resources/defs/orders",
    "PATCH /orgs/acme/runners/cloud-jobs",
    "POST /orgs/acme/agents/eu/keys",
    "DELETE /orgs/beta/agents/eu/keys/*",
    "DELETE /orgs/acme/resources/defs/old",
    "DELETE /orgs/acme/resources/defs/bucket-a/criteria/*",
    "POST /orgs/acme/runner-rules",
)
_TELLING_FAULTS = (
    "status 404, and nothing is done",
    "status 409, and nothing is done",
    "status 503, and nothing is done, each time",
    "status 404, and nothing is done, each time",
    "status 422, after the effect",
    "status 500, after the effect",
    "cut after the effect",
    "cut before the request is read, each time",
    "sent twice by the network, second answer",
    "status 200 with {} instead",
    "status 200 with [] instead",
    "HTML page with status 200",
    "a list without any items, each time",
    "a list as it was before",
)


@dataclass(frozen=True)
class Cell:
    """One fault at one call."""

    fault: Fault
    call: Call

    def __str__(self) -> str:
        return f"{self.fault.name} | {self.call}"


def whole() -> tuple[Cell, ...]:
    """All cells."""
    return _whole()


@cache
def _whole() -> tuple[Cell, ...]:
    return tuple(
        Cell(fault, call)
        for fault in HTTP_FAULTS
        for call in calls()
        if fault.applies(call) and (str(call) in _TELLING_CALLS or fault.name in _TELLING_FAULTS)
    )


def chosen() -> Iterator[Cell]:
    """The slice: every third fault at one call, in turn at another one."""
    by_fault: dict[str, list[Cell]] = {}
    for cell in whole():
        by_fault.setdefault(cell.fault.name, []).append(cell)
    for number, cells in list(enumerate(by_fault.values()))[::3]:
        # Changes first: their faults are the ones that can do harm.
        cells.sort(key=lambda cell: cell.call.is_read)
        most = sum(not cell.call.is_read for cell in cells) or len(cells)
        yield cells[number * 3 % most]
