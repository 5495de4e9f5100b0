"""Known limits: cells that do not hold, each with its reason. They fail strictly: a fixed one turns the test red."""

import re
from dataclasses import dataclass

import pytest
from _pytest.mark import ParameterSet


@dataclass(frozen=True)
class Limit:
    """`fault` and `call` are regular expressions over whole names; `invariant` is the one that does not hold."""

    fault: str
    call: str
    invariant: str
    reason: str


_ONLY_LISTED = (
    "Keys and rules can be read from their list only. While the server says at each read that there are none, a "
    "delete counts as done elsewhere; the first plan that sees them again deletes them."
)

LIMITS: tuple[Limit, ...] = (
    Limit(
        "(status 404, and nothing is done|a list without any items), each time",
        "GET /orgs/(acme|beta)/agents/eu/keys",
        "exit code follows",
        _ONLY_LISTED,
    ),
    Limit(
        "a list without any items, each time",
        "GET /orgs/acme/runner-rules",
        "exit code follows",
        _ONLY_LISTED,
    ),
    Limit(
        "sent twice by the network, first answer",
        "(PATCH /orgs/acme/runners/cloud-jobs|PUT /orgs/acme/resources/defs/orders)",
        "exit code follows",
        "The second copy changes the object after the answer to the first. Its secrets cannot be read, so that this "
        "looks like a write by others: the next run sends them once more.",
    ),
    Limit(
        "a list without any items(, each time)?",
        "GET /.*/(deployments|configmaps|rolebindings)",
        "exit code follows",
        "Objects on a cluster that the files no longer declare are found by lists alone, because they carry the marks "
        "of their owner themselves. While the server shows empty lists, nothing is known of them; the first plan that "
        "sees them deletes them.",
    ),
    Limit(
        "lost",
        "acme.json",
        "same end",
        "Without its record the program owns nothing: what differs is contested, and objects that the files no longer "
        "contain stay until somebody removes them.",
    ),
)


def limit_of(fault: str, call: str) -> Limit | None:
    """The known limit of a cell, None if it should hold."""
    return next(
        (one for one in LIMITS if re.fullmatch(one.fault, fault) and re.fullmatch(one.call, call)), None
    )


def parameter(row: object, fault: str, call: str) -> ParameterSet:
    """A row as a parameter of a test, which has to fail if it is a known limit."""
    limit = limit_of(fault, call)
    marks = [pytest.mark.xfail(reason=limit.reason, strict=True)] if limit else []
    return pytest.param(row, id=str(row), marks=marks)
