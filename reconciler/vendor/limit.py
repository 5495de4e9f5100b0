"""Limits that an API description sets for a text or a list, as data.

The tables are `orchestrator_v1`, `orchestrator_v2` and `kubernetes_name`. Documents are checked against
them when they are read (`reconciler.model.limited`), and the JSON Schemas include them.
"""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class TextLimit:
    """Limit of a text. Lengths are in characters.

    `pattern` must match the whole text, in ASCII. It is equivalent to the published pattern but has no
    nested quantifiers, which take exponential time in Python. `form` describes it in words, for people.
    `source` is where the limit is published.
    """

    form: str
    source: str
    pattern: str = ""
    least: int = 0
    most: int | None = None

    def problem(self, text: str) -> str:
        """What is wrong with a text, phrased to follow its name; "" if it is within the limit.

        >>> TextLimit("letters", "nowhere", "[a-z]+", most=3).problem("abcd")
        'must have at most 3 characters, but has 4'
        """
        if not text and (self.least or self.pattern) and not self.accepts(text):
            return "must not be empty"
        if len(text) < self.least:
            return f"must have at least {_counted(self.least, 'character')}, but has {len(text)}"
        if self.most is not None and len(text) > self.most:
            return f"must have at most {_counted(self.most, 'character')}, but has {len(text)}"
        return "" if self.accepts(text) else "does not have the form that the API requires"

    def accepts(self, text: str) -> bool:
        """True if the text is within the limit."""
        is_short = self.most is None or len(text) <= self.most
        return self.least <= len(text) and is_short and self._has_form(text)

    def _has_form(self, text: str) -> bool:
        return not self.pattern or _compiled(self.pattern).fullmatch(text) is not None

    def schema(self) -> dict[str, str | int]:
        """Equivalent JSON Schema keywords."""
        words: dict[str, str | int] = {}
        if self.pattern:
            words["pattern"] = f"^(?:{self.pattern})$" if "|" in self.pattern else f"^{self.pattern}$"
        if self.least:
            words["minLength"] = self.least
        if self.most is not None:
            words["maxLength"] = self.most
        return words


@dataclass(frozen=True, slots=True)
class ListLimit:
    """Limit of the number of entries in a list. `source` is where it is published."""

    source: str
    least: int = 0
    most: int | None = None

    def problem(self, length: int) -> str:
        """What is wrong with a list of that length, phrased to follow its name; "" if it is within the limit."""
        if length < self.least:
            return (
                f"must have at least {_counted(self.least, 'entry', 'entries')}, but has {length or 'none'}"
            )
        if self.most is not None and length > self.most:
            return f"must have at most {_counted(self.most, 'entry', 'entries')}, but has {length}"
        return ""

    def schema(self) -> dict[str, int]:
        """Equivalent JSON Schema keywords."""
        words = {"minItems": self.least} if self.least else {}
        return words if self.most is None else {**words, "maxItems": self.most}


def _counted(number: int, noun: str, several: str = "") -> str:
    # Not `model.wording.plural`: tables of vendors use no code of the models, which import them.
    return f"{number} {noun if number == 1 else several or noun + 's'}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # In Python `$` also matches before a final line break, and without re.ASCII `\d` matches digits of every script.
    return re.compile(pattern, re.ASCII)
