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
    Limit(
        "status 500, after the effect, each time|cut after the effect, each time",
        "PUT /orgs/acme/resources/defs/orders",
        "nothing in silence",
        "Secrets cannot be read back: a change of secrets alone whose answer is lost at every attempt is reported as "
        "failed, although it may have happened. It is sent again by the next run.",
    ),
    Limit(
        "status 400 that repeats token and request in .*",
        ".*",
        "no secret shows",
        "A message of the server is withheld if it repeats a secret as it is, not if it repeats it in another form.",
    ),
    Limit(
        "a folder in its place|a pipe in its place",
        "orgs/acme/orders.yaml",
        "only once",
        "A folder or a pipe in the place of a document is not a document: what it declared counts as removed, and is "
        "deleted.",
    ),
    Limit(
        "an empty file",
        "orgs/acme/orders.yaml",
        "only once",
        "An empty document declares nothing, as if it were removed; `safety.maxDelete` limits how much may go so.",
    ),
    Limit(
        "all documents gone",
        "orgs/acme",
        "only once",
        "Guards refuse the deletes in this organization, but an agent that another organization shares, with its "
        "definition there, is one delete in that one and below its limit.",
    ),
    Limit(
        "195 KiB of open brackets|50,000 unknown fields",
        "validate",
        "bounded time",
        "The time for very deep or very wrong documents grows with the square of their size.",
    ),
    Limit(
        "a pipe instead of a saved plan",
        "apply .*",
        "bounded time",
        "A pipe is opened as if it were a file, and waits for somebody who writes to it.",
    ),
    Limit(
        "stdout is full|an unknown scheme of a proxy|no certificates at SSL_CERT_FILE",
        "plan.*",
        "never a bug",
        "Outputs, proxies and certificates that cannot be used end in exit 1, with nothing changed.",
    ),
    Limit(
        "(gzip|a body) of 80 MiB, each time",
        "plan",
        "bounded memory",
        "The limit is for one answer, and answers of several requests are in memory at the same time.",
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
