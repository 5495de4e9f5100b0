"""Known limits: cells that do not hold, each with its reason. They fail strictly: a fixed one turns the test red."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """`fault` and `call` are regular expressions over whole names; `invariant` is the one that does not hold."""

    fault: str
    call: str
    invariant: str
    reason: str


LIMITS: tuple[Limit, ...] = (
    Limit(
        "headers that never end|early hints that never end",
        ".*",
        "bounded time",
        "The client's time limit begins with the body: headers that never end are cut only by the server.",
    ),
)


def limit_of(fault: str, call: str) -> Limit | None:
    """The known limit of a cell, None if it should hold."""
    return next(
        (one for one in LIMITS if re.fullmatch(one.fault, fault) and re.fullmatch(one.call, call)), None
    )
