"""What was not read, as a value: a fact that was not read is neither true nor false.

A fact raises `UnseenError` if it needs something that was not read. The judge turns it into an *unknown* of the
rule that asked; views group by the fields and never parse a message.
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """What a rule reads (compatibility rules 1)."""

    FILE = "file"
    LIVE = "live"
    CLUSTER = "cluster"


class Reach(StrEnum):
    """Whether another run, or more access, could see it."""

    OPEN = "open"
    NEVER = "never"
    """No run reads it: nothing shows it before a deployment, or it would take too many requests."""
    DEFECT = "defect"
    """A bug ended the check."""


@dataclass(frozen=True, slots=True, order=True)
class Unseen:
    """One thing that was not read, or that the files do not specify.

    `place` is a target for the live side, a cluster for the cluster side, "" for the files. `what` is a collection
    of the place (`agents`), a kind of a cluster's objects (`Deployment`; "" if nothing of it was read) or, for the
    files, a clause that says what is not specified. `cause` is the reason, or "".
    """

    side: Side
    place: str
    what: str
    cause: str = ""
    reach: Reach = Reach.OPEN

    def __str__(self) -> str:
        """The reason in words, without a full stop.

        >>> str(Unseen(Side.LIVE, "acme", "agents")), str(Unseen(Side.CLUSTER, "eu-1", ""))
        ('the live agents of target `acme` were not read', 'cluster `eu-1` was not read')
        >>> str(Unseen(Side.CLUSTER, "eu-1", "Deployment"))
        'Deployment objects of cluster `eu-1` were not read'
        """
        match self.side:
            case Side.FILE:
                words = self.what
            case Side.LIVE:
                words = f"the live {self.what} of target `{self.place}` were not read"
            case Side.CLUSTER if self.what:
                words = f"{self.what} objects of cluster `{self.place}` were not read"
            case Side.CLUSTER:
                words = f"cluster `{self.place}` was not read"
        return f"{words} ({self.cause})" if self.cause else words


def unspecified(what: str) -> Unseen:
    """Something that files and settings do not specify: `what` is a clause such as `the platform is not set`."""
    return Unseen(Side.FILE, "", what)


def never_read(what: str) -> Unseen:
    """Something that no run reads: `what` is a clause such as `that is known only at deployment`."""
    return Unseen(Side.FILE, "", what, reach=Reach.NEVER)


class UnseenError(Exception):
    """Raised by a fact that needs something that was not read. Ends the check of one subject."""

    def __init__(self, unseen: Unseen) -> None:
        super().__init__(str(unseen))
        self.unseen = unseen
