"""One line of a file, fit to be printed: whatever might be a secret is replaced before it gets here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line without its end. `caret` is the place of a finding: characters of `text` before it."""

    text: str
    caret: int
