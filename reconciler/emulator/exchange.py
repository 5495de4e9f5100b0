"""One request and its response as the collections see them, independent of the HTTP framework.

An `Operation` binds a verb and a path to functions; `application` turns the table of
operations into routes, `endpoint` runs them. `accept` reads parameters and body, `run` does
the work; they are separate because the two APIs check identity at different stages
(v2 section 2.2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.emulator.choices import Choices
from reconciler.emulator.polls import Polls, WaitingPoll
from reconciler.emulator.store import Transaction


class Api(StrEnum):
    """The published API that an operation belongs to; determines the error body."""

    V1 = "v1"
    V2 = "v2"


class Identity(StrEnum):
    """Whether an operation requires the caller's identity."""

    REQUIRED = "required"
    NOT_ASKED = "not asked"


@dataclass
class Call:
    """A request while an operation processes it.

    `path` contains decoded path parameters, `query` decoded pairs in the order received.
    `payload` is what the operation's `accept` returned. `key_delay` is the number of
    seconds after which a key registered now counts as authorized. `headers` have
    lowercase names. `polls` are the agents that wait for a message.
    """

    state: Transaction
    path: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: bytes
    content_type: str
    now: datetime
    choices: Choices
    actor: str = ""
    payload: Any = None
    key_delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    polls: Polls = field(default_factory=Polls)

    @property
    def organization(self) -> str:
        """The organization named in the path."""
        return self.path["org"]

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True)
class Reply:
    """A response: `document` becomes JSON, a `str` plain text, `bytes` stay as they are, None an empty body.

    With `waiting` the response is delayed: a message to that agent replaces it.
    """

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    waiting: WaitingPoll | None = None


@dataclass(frozen=True)
class Operation:
    """One verb on one path; `{name}` in the path is a parameter, `{org}` the organization."""

    api: Api
    verb: str
    path: str
    collection: str
    run: Callable[[Call], Reply]
    accept: Callable[[Call], Any] | None = None
    identity: Identity = Identity.REQUIRED
    lists: bool = False
    registers_key: bool = False
