"""What could not be read, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unread:
    """Why something could not be read, and what to do."""

    reason: str
    advice: str = ""
