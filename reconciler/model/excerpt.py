"""One line of a file that is safe to print: anything that might be a secret is already masked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line without its line break. `caret` is the position of a finding: the number of characters before it."""

    text: str
    caret: int
