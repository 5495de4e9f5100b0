"""Messages of the server, reduced to what can be quoted: one short printable line, without submitted data.

v2 explains a refused body by repeating the object around the error, including credentials
(v2 reference 3.2). The repetition follows a line break; everything from there on is dropped.
"""

import re
from collections.abc import Iterable

from reconciler.model.active_resource import Rematch
from reconciler.model.disguise import repeats
from reconciler.model.json import Json
from reconciler.model.secret import Literal, Secret
from reconciler.model.state import Resource
from reconciler.model.wording import plural

LONGEST_CHARACTERS = 300
NAMED_RESOURCES = 5
WITHHELD = "the server's explanation repeats a secret and is not shown"

_ECHO = re.compile(r"[\r\n\u2028\u2029\x0b\x0c\x85]|(?:^|\s)(?:Schema|Value):\s")


def first_line(message: str) -> str:
    """The text before any repetition of submitted data: only printable characters, at most 300."""
    line = _ECHO.split(message.strip(), maxsplit=1)[0].strip()
    printable = "".join(character if character.isprintable() else " " for character in line)
    if len(printable) <= LONGEST_CHARACTERS:
        return printable
    return printable[: LONGEST_CHARACTERS - 1] + "…"


def quoted(message: str, hidden: Iterable[Secret]) -> str:
    """The first line, or a fixed sentence if it contains any of the secrets in any form."""
    head = _ECHO.split(message.strip(), maxsplit=1)[0]
    if repeats(head, hidden):
        return WITHHELD
    return first_line(message)


def literals(desired: Resource) -> tuple[Secret, ...]:
    """Plain secrets in the body of a resource."""
    return tuple(leaf.secret for leaf in desired.secrets.values() if isinstance(leaf, Literal))


def error_message(body: Json) -> str:
    """Error message of the server, not yet safe to quote; "" if there is none."""
    if isinstance(body, list):
        return _affected_resources(body)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return ""


def rematches(body: Json, hidden: Iterable[Secret]) -> tuple[Rematch, ...]:
    """Active resources that a refused delete would change; none if the body is not an array of them.

    A name that repeats one of the secrets is replaced by a fixed sentence.
    """
    secrets = tuple(hidden)
    changes = body if isinstance(body, list) else []
    names = ("app_id", "env_id", "res_id", "from_def", "to_def")
    return tuple(
        Rematch(*(quoted(str(change.get(name, "")), secrets) for name in names))
        for change in changes
        if isinstance(change, dict)
    )


def _affected_resources(changes: list[Json]) -> str:
    """Summary of the array in the refusal of a delete that would change active resources (v1 reference 4.7)."""
    names = [
        f"{change.application}/{change.environment}/{change.resource_id}"
        + (f" (to {change.after})" if change.after else " (to no definition)")
        for change in rematches(changes, ())  # the whole message is checked when it is quoted
    ]
    shown = ", ".join(names[:NAMED_RESOURCES])
    more = f" and {len(names) - NAMED_RESOURCES} more" if len(names) > NAMED_RESOURCES else ""
    return f"still in use: {plural(len(names), 'active resource')} would change: {shown}{more}"


def missing_permissions(body: Json) -> list[str]:
    """Names of the permissions that a 403 of v2 lists as missing (v2 reference 3.1)."""
    details = body.get("details") if isinstance(body, dict) else None
    checks = details.get("failed_checks") if isinstance(details, dict) else None
    if not isinstance(checks, list):
        return []
    named = (check.get("permission") for check in checks if isinstance(check, dict))
    return sorted({name for name in named if isinstance(name, str) and re.fullmatch(r"[a-z_.]{1,60}", name)})
