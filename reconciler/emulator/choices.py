"""Choices where no public source defines a behaviour.

The defaults are those suggested by the references (v1 section 15, v2 section 19);
docs/emulator.md lists them. Only behaviours that clients must handle both ways can be
switched.
"""

from dataclasses import dataclass
from enum import StrEnum


class SharedKey(StrEnum):
    """One public key under two agents of an organization (v1 U4)."""

    REFUSE = "refuse"
    ACCEPT = "accept"


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


class ExpiredKeys(StrEnum):
    """Agent keys past their `expired_at` (v1 U7)."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class UnknownAccounts(StrEnum):
    """Definitions whose account does not exist or is not of a type that the driver accepts (v1 U26)."""

    REFUSE = "refuse"
    ACCEPT = "accept"


class InUse(StrEnum):
    """Deletion of a secret store or class that a live definition names (v1 sections 5.3 and 7.1)."""

    REFUSE = "refuse"
    ACCEPT = "accept"


@dataclass(frozen=True)
class Choices:
    """The choices that can be switched, and two durations.

    `resource_types` are built-in v1 types in addition to the public ones, in every organization.
    `destroy_seconds` is emulator time between the 202 of a deletion and the 404 after it.
    `poll_seconds` is how long an agent's poll waits for a message (v2 section 9.3); moving
    the clock that far ends the wait as well.
    """

    shared_key: SharedKey = SharedKey.REFUSE
    unknown_fields: UnknownFields = UnknownFields.IGNORE
    criterion_ids: CriterionIds = CriterionIds.KEEP
    unknown_types: UnknownTypes = UnknownTypes.REFUSE
    unknown_accounts: UnknownAccounts = UnknownAccounts.ACCEPT
    in_use: InUse = InUse.REFUSE
    expired_keys: ExpiredKeys = ExpiredKeys.ACCEPT
    resource_types: tuple[str, ...] = ()
    destroy_seconds: float = 0.0
    poll_seconds: float = 30.0
