"""What stops working when an organization changes its mode."""

from typing import NamedTuple


class Stopping(NamedTuple):
    """One thing that stops working. `rule` is the rule that reports it afterwards.

    `name` is the definition, `what` says what of it in words, `place` is where the files have it, "" for one that is
    only live. `is_sure` is false where the sources contradict each other, or where it depends on what is done first.
    """

    rule: str
    name: str
    what: str
    place: str = ""
    is_sure: bool = True

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else " (only live)"
        return f"{self.name}: {self.what}{where}, {self.rule}"
