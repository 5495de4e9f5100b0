"""What may be quoted of a server's words: one printable line, short, without what was submitted.

v2 explains a refused body by repeating the object around the mistake, credentials included
(v2 reference 3.2). It does so after a line break; everything from there on is dropped.
"""

import json
import re
from collections.abc import Iterable, Iterator

from reconciler.model.active_resource import Rematch
from reconciler.model.json import Json
from reconciler.model.secret import Literal, Secret
from reconciler.model.state import Resource

LONGEST_CHARACTERS = 300
NAMED_RESOURCES = 5
WITHHELD = "the server's explanation repeats a secret and is not shown"

_ECHO = re.compile(r"[\r\n\u2028\u2029\x0b\x0c\x85]|(?:^|\s)(?:Schema|Value):\s")
_SHORTEST_WORD = 8
"""Words of a secret shorter than this are too common to look for by themselves."""


def first_line(message: str) -> str:
    """Return what precedes an echo, printable characters only, at most 300."""
    line = _ECHO.split(message.strip(), maxsplit=1)[0].strip()
    printable = "".join(character if character.isprintable() else " " for character in line)
    if len(printable) <= LONGEST_CHARACTERS:
        return printable
    return printable[: LONGEST_CHARACTERS - 1] + "…"


def quoted(message: str, hidden: Iterable[Secret]) -> str:
    """Return the first line, or a fixed sentence where it repeats any of the secrets."""
    head = _ECHO.split(message.strip(), maxsplit=1)[0]
    if any(fragment in head for secret in hidden for fragment in _fragments(secret.reveal())):
        return WITHHELD
    return first_line(message)


def literals(desired: Resource) -> tuple[Secret, ...]:
    """Return the plain secrets that the body of a resource holds."""
    return tuple(leaf.secret for leaf in desired.secrets.values() if isinstance(leaf, Literal))


def _fragments(value: Json) -> Iterator[str]:
    """Yield every text in which a secret could be repeated on one line."""
    if not isinstance(value, str):
        if value is not None and not isinstance(value, bool):
            yield json.dumps(value)
        return
    text = value.strip()
    if text:
        yield from (text, json.dumps(text)[1:-1])
        yield from (word for word in text.split() if len(word) >= _SHORTEST_WORD)


def error_message(body: Json) -> str:
    """Return the server's words about an error, not yet fit to be quoted; "" without any."""
    if isinstance(body, list):
        return _affected_resources(body)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return ""


def rematches(body: Json) -> tuple[Rematch, ...]:
    """Return the active resources that a refused delete would change; none where the body is no such array."""
    changes = body if isinstance(body, list) else []
    names = ("app_id", "env_id", "res_id", "from_def", "to_def")
    return tuple(
        Rematch(*(first_line(str(change.get(name, ""))) for name in names))
        for change in changes
        if isinstance(change, dict)
    )


def _affected_resources(changes: list[Json]) -> str:
    """Summarise the array that refuses a delete because active resources would change (v1 reference 4.7)."""
    names = [
        f"{change.application}/{change.environment}/{change.resource_id}"
        + (f" (to {change.after})" if change.after else " (to no definition)")
        for change in rematches(changes)
    ]
    shown = ", ".join(names[:NAMED_RESOURCES])
    more = f" and {len(names) - NAMED_RESOURCES} more" if len(names) > NAMED_RESOURCES else ""
    noun = "active resource" if len(names) == 1 else "active resources"
    return f"still in use: {len(names)} {noun} would change: {shown}{more}"


def missing_permissions(body: Json) -> list[str]:
    """Return the names of the permissions that a 403 of v2 lists (v2 reference 3.1)."""
    details = body.get("details") if isinstance(body, dict) else None
    checks = details.get("failed_checks") if isinstance(details, dict) else None
    if not isinstance(checks, list):
        return []
    named = (check.get("permission") for check in checks if isinstance(check, dict))
    return sorted({name for name in named if isinstance(name, str) and re.fullmatch(r"[a-z_.]{1,60}", name)})
