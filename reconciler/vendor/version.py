"""Versions of charts, images and Kubernetes, compared by their numbers."""

import re

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:[-+][0-9A-Za-z.+-]*)?", re.ASCII)


def parsed(text: str) -> tuple[int, ...] | None:
    """Numbers of a version without trailing zeros, None if the text is not a version.

    A pre-release counts as its release, because it already has the features.

    >>> parsed("v1.29"), parsed("0.16.10-distroless"), parsed("latest")
    ((1, 29), (0, 16, 10), None)
    """
    found = _NUMBERS.fullmatch(text.strip())
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_older(text: str, than: str) -> bool | None:
    """Whether a version is older than another, None if either is not a version.

    >>> is_older("0.3.9", "0.3.11"), is_older("0.21.0", "0.21"), is_older("main", "1.0")
    (True, False, None)
    """
    one, other = parsed(text), parsed(than)
    return None if one is None or other is None else one < other
