"""Modes of files as people write them: `384`, `"0600"`, `"600"`."""

import re

_OCTAL = re.compile(r"(?:0o?)?([0-7]{3,4})", re.ASCII)
_DECIMAL = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)


def mode_of(given: int | str) -> int | None:
    """File mode from a number or a string, which is read as octal where possible; None for anything else.

    >>> mode_of(384) == mode_of("0600") == mode_of("600") == 0o600
    True
    """
    if isinstance(given, int):
        return given
    octal = _OCTAL.fullmatch(given.strip())
    if octal is not None:
        return int(octal[1], 8)
    return int(given) if _DECIMAL.fullmatch(given.strip()) else None
