"""The registration of a public key in one organization."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

RENEWAL = timedelta(days=60)
"""Time before the end from which on a key has to be rotated; keys are valid for two years (v1 reference 3)."""


@dataclass(frozen=True, slots=True)
class Registration:
    """`is_accepted` is false while the server does not accept the key yet; `expired_at` is RFC 3339, "" if unknown."""

    is_accepted: bool = True
    expired_at: str = ""

    @property
    def end(self) -> datetime | None:
        """When it expires; None if the server does not say, or not in a form that can be read."""
        try:
            found = datetime.fromisoformat(self.expired_at)
        except ValueError:
            return None
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
