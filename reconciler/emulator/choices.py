"""Where no public source settles a behaviour: which way the emulator goes.

The defaults are the suggested ones of the references (v1 section 15, v2 section 19);
docs/emulator.md lists them. Only points that clients must survive both ways are
switchable.
"""

from dataclasses import dataclass
from enum import StrEnum


class SharedKey(StrEnum):
    """One public key under two agents of an organization (v1 U4)."""

    REFUSE = "refuse"
    ALLOW = "allow"


class UnknownFields(StrEnum):
    """Unknown members of a v1 request body (v1 U27)."""

    IGNORE = "ignore"
    REFUSE = "refuse"


class CriterionIds(StrEnum):
    """Ids of unchanged rules when all criteria are replaced (v1 U16)."""

    KEEP = "keep"
    RENEW = "renew"


class UnknownTypes(StrEnum):
    """Definitions of unknown resource types or drivers (v1 U26)."""

    REFUSE = "refuse"
    ACCEPT = "accept"


@dataclass(frozen=True)
class Choices:
    """The switchable choices, and how long a destroyed environment lingers.

    `destroy_seconds` is emulator time between the 202 of a deletion and the 404 after it.
    """

    shared_key: SharedKey = SharedKey.REFUSE
    unknown_fields: UnknownFields = UnknownFields.IGNORE
    criterion_ids: CriterionIds = CriterionIds.KEEP
    unknown_types: UnknownTypes = UnknownTypes.REFUSE
    destroy_seconds: float = 0.0
