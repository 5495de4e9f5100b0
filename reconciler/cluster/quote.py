"""What the API server and those behind it say, reduced to what can be shown."""

from collections.abc import Iterable

from reconciler.model.disguise import repeats
from reconciler.model.json import Json
from reconciler.model.redaction import redact
from reconciler.model.secret import Secret

LONGEST_CHARACTERS = 400
"""A webhook can explain itself in any number of lines."""
WITHHELD = "the explanation repeats a secret and is not shown"


def quoted(words: Json, hidden: Iterable[Secret]) -> str:
    """One printable line, "" if it is no text; a fixed sentence if it contains one of the secrets in any form.

    What looks like another secret is masked: a webhook can repeat what it read elsewhere.
    """
    if not isinstance(words, str):
        return ""
    head = words[: 4 * LONGEST_CHARACTERS]
    if repeats(head, hidden):
        return WITHHELD
    head = redact(head)
    line = " ".join("".join(one if one.isprintable() else " " for one in head).split())
    return line if len(line) <= LONGEST_CHARACTERS else f"{line[: LONGEST_CHARACTERS - 1]}…"
