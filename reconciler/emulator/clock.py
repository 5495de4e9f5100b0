"""The emulator's time: a base clock plus an offset that tests and demos can move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FURTHEST = timedelta(days=100 * 365)
"""The largest offset; keeps dates derived from the time, such as a key's expiry, within the supported range."""


class Clock:
    """UTC time that moves only with its base clock and its offset.

    `base` returns an aware datetime; the wall clock by default.
    """

    def __init__(self, base: Callable[[], datetime] | None = None) -> None:
        self._base = base or (lambda: datetime.now(UTC))
        self._offset = timedelta()
        self._watchers: list[Callable[[], None]] = []

    @property
    def offset(self) -> timedelta:
        """The offset added to base time; ValueError if it exceeds `FURTHEST` in either direction."""
        return self._offset

    @offset.setter
    def offset(self, offset: timedelta) -> None:
        if abs(offset) > FURTHEST:
            raise ValueError(f"the clock moves at most {FURTHEST.days} days")
        self._offset = offset
        for moved in self._watchers:
            moved()

    def watch(self, moved: Callable[[], None]) -> None:
        """Call `moved` after every change of the offset."""
        self._watchers.append(moved)

    def now(self) -> datetime:
        """Base time plus offset, in UTC."""
        return self._base().astimezone(UTC) + self.offset

    def advance(self, *, seconds: float) -> None:
        """Move the offset by `seconds`; negative values move it back."""
        self.offset += timedelta(seconds=seconds)


def milliseconds(moment: datetime) -> str:
    """A moment in the format of v1 timestamps (v1 section 5.2): `2025-03-01T08:00:00.123Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def microseconds(moment: datetime) -> str:
    """A moment in the format of v2 timestamps (v2 section 5.2): RFC 3339, UTC, six decimals."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
